#pragma once

#include <vector>

#include "bandReduction.h"
#include "gram.h"

namespace linalg {

/** Which matrices take two stages to the tridiagonal form, and how wide the band between them is (tests have others). */
struct TwoStage {
  /** Sides from here on: smaller ones stay in the cache, where one stage is as fast. */
  int from = 768;
  int width = BAND_WIDTH;
};

/**
 * Returns the eigenvalues of the smaller Gram matrix of each W, ascending, clamped at 0. `threads` share the work; the bits do not
 * depend on how many. Large matrices are solved one after the other, so that no more than one of their Gram matrices is held.
 */
std::vector<std::vector<double>> eigenvaluesOfEach(const std::vector<Matrix>& matrices, int threads, TwoStage twoStage);

/** Row i of `vectors` (row-major n x n) is the unit eigenvector of eigenvalue i. */
struct Eigen {
  std::vector<double> values;
  std::vector<double> vectors;
};

/** Returns the eigenvalues of the smaller Gram matrix of W as above and its eigenvectors. */
Eigen eigenvectors(const Matrix& W, int threads);

}  // namespace linalg
