#pragma once

#include <vector>

#include "gram.h"

namespace linalg {

/** T = Q^T A Q: `offDiagonal[i]` couples i-1 and i (`offDiagonal[0]` is 0). */
struct Tridiagonal {
  std::vector<double> diagonal;
  std::vector<double> offDiagonal;
  /** H_i = I - betas[i] u u^T, where u, of length i, is left in row i of A. */
  std::vector<double> betas;
};

/**
 * Returns the tridiagonal form of a symmetric matrix, given by its lower triangle, which is overwritten with the reflectors.
 * Reflections are collected and applied to the rest of the matrix some at a time, so that it is written once for all of them
 * (Dongarra, Hammarling and Sorensen 1989).
 */
Tridiagonal tridiagonalize(Gram& A);

}  // namespace linalg
