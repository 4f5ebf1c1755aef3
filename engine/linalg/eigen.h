#pragma once

#include <vector>

#include "gram.h"

namespace linalg {

/** Returns the eigenvalues of the smaller Gram matrix of each W, ascending, clamped at 0. `threads` share the work. */
std::vector<std::vector<double>> eigenvaluesOfEach(const std::vector<Matrix>& matrices, int threads);

/** Row i of `vectors` (row-major n x n) is the unit eigenvector of eigenvalue i. */
struct Eigen {
  std::vector<double> values;
  std::vector<double> vectors;
};

/** Returns the eigenvalues of the smaller Gram matrix of W as above and its eigenvectors. */
Eigen eigenvectors(const Matrix& W, int threads);

}  // namespace linalg
