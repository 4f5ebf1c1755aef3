#pragma once

#include "alignedVector.h"
#include "gram.h"

namespace linalg {

/** Columns of the band below the diagonal. A multiple of WIDEST_STRIP: wide enough for fast products, narrow enough for fast chasing. */
constexpr int BAND_WIDTH = 48;

/**
 * The lower triangle of a symmetric matrix whose entries more than `width` below the diagonal are 0: entry (i, j) is
 * values[j * ld + i], so that ld + 1 doubles lie from column to column. Room for the bulges is below the band; columns go on, zero,
 * beyond n.
 */
struct Band {
  Band(int n, int width);

  int n;
  int width;
  std::ptrdiff_t ld;
  AlignedVector values;
};

/**
 * Returns a band matrix with the eigenvalues of A, which is overwritten. Panels of `width` columns are reduced by Householder
 * reflections, and those of one panel are applied to the rest from both sides as products of matrices (compact WY form; Bischof, Lang
 * and Sun 2000). `threads` share the products; the bits do not depend on how many.
 */
Band reduceToBand(Gram& A, int width, int threads);

}  // namespace linalg
