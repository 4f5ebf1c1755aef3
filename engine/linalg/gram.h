#pragma once

#include <cstddef>
#include <vector>

#include "alignedVector.h"

namespace linalg {

/** A matrix of float32 or float64 (one of the pointers is null), row-major rows x cols. */
struct Matrix {
  const float* floats;
  const double* doubles;
  int rows;
  int cols;
};

/** The smaller Gram matrix of W * 2^-exponent, lower triangle, row-major with rows `ld` apart; zeros fill up to `ld` rows. */
struct Gram {
  int n;
  std::ptrdiff_t ld;
  int exponent;
  AlignedVector values;
};

/** Returns the exponent of the largest magnitude of each; throws std::range_error for an entry that is not finite. */
std::vector<int> exponentsOf(const std::vector<Matrix>& matrices, int threads);

/** Returns a Gram matrix of zeros for W. */
Gram emptyGram(const Matrix& W, int exponent);

/**
 * Adds part `part` of `parts` of the lower triangle of the smaller Gram matrix of W (W^T W for rows >= cols, else W W^T). Parts have
 * about the same arithmetic and no entry in common, so each may be formed by another thread; the sums do not depend on how many.
 */
void addGramPart(const Matrix& W, Gram& gram, int part, int parts);

}  // namespace linalg
