// Arithmetic kernels of the convolutions, compiled for each instruction set beside those of simd.h.
#pragma once

#include <cstddef>

#include "simd.h"

namespace ops {

/** A factor whose value in row r at step k of group g is values[r * row + k * step + g * group]. */
struct Strided {
  const float* values;
  std::ptrdiff_t row;
  std::ptrdiff_t step;
  std::ptrdiff_t group;
};

/**
 * c (+)= a b, summed over `groups` groups of `depth` steps, for as many rows as the function stands for and one panel of columns. Row
 * g * depth + k of b is `ldb` behind the one before, rows of c are `ldc` apart.
 */
using Product = void (*)(const Strided& a, const float* b, std::ptrdiff_t ldb, std::ptrdiff_t depth,
                         std::ptrdiff_t groups, float* c, std::ptrdiff_t ldc, bool add);

/** Where the values of a square of a transformed tile lie, a register's channels each. */
struct Square {
  std::ptrdiff_t row;
  std::ptrdiff_t column;
};

/** out (+)= M in M^T for a square `in` of each of `channels` channels, which are filled up to whole registers. */
using Sandwich = void (*)(const float* M, const float* in, Square inStrides, float* out, Square outStrides, int channels,
                          bool add);

/** Windows of `size` x `size` at every `stride`-th place, of which the first begins `top` and `left` outside the image. */
struct Pooling {
  int size;
  int stride;
  int top;
  int left;
  int outHeight;
  int outWidth;
};

/** An image of sums that are pooled: its rows and pixels lie so far apart. */
struct Sums {
  int height;
  int width;
  std::ptrdiff_t row;
  std::ptrdiff_t pixel;
};

struct ConvolutionKernels {
  /** products[r] is the one of r rows, up to Kernels::maxRows. */
  Product products[MOST_ROWS + 1];
  Sandwich sandwich9to9;
  Sandwich sandwich9to5;
  Sandwich sandwich5to9;
  /**
   * out = max(largest sum of the window + bias, floor) and which of the window's places it came from, for `channels` channels;
   * pixels of out and `chosen` lie `ld` apart.
   */
  void (*pool)(const float* sums, const Sums& shape, const Pooling& pooling, const float* bias, float floor, int channels,
               float* out, int* chosen, std::ptrdiff_t ld);
  /**
   * Adds each gradient to that of the sum that was chosen, and to `biasGradient`; of a rectifier, where `out` is positive.
   * Pixels of gradient, out and chosen lie `ld` apart.
   */
  void (*poolBack)(const float* gradient, const float* out, const int* chosen, std::ptrdiff_t ld, bool relu,
                   int channels, const Sums& shape, const Pooling& pooling, float* sums, float* biasGradient);
};

/** Returns the kernels of the same instruction set. */
const ConvolutionKernels& convolutionKernels(const Kernels& kernels);

}  // namespace ops
