#pragma once

#include <vector>

namespace linalg {

/**
 * Turns `d` into the eigenvalues, unsorted, of the symmetric tridiagonal matrix with diagonal `d` and off-diagonal `e` (entry i
 * couples i-1 and i; overwritten) by the QL method on squares, which needs no square roots but gives no eigenvectors (Pal, Walker and
 * Kahan; Parlett 1980, section 8-15). Throws std::runtime_error where an eigenvalue does not converge.
 */
void rootFreeQL(std::vector<double>& d, std::vector<double>& e);

}  // namespace linalg
