#include "convolutionSimd.h"

#include <algorithm>
#include <stdexcept>

#include "vectors.h"

namespace ops {

#if defined(__x86_64__)
namespace {

template <int LANES, int ROWS>
INLINE void productBody(const Strided& a, const float* b, std::ptrdiff_t ldb, std::ptrdiff_t depth,
                        std::ptrdiff_t groups, float* c, std::ptrdiff_t ldc, bool add) {
  using Vec = typename Vector<LANES>::type;
  // a pointer for every third row: two more rows are reached from each by an index
  constexpr int POINTERS = (ROWS + 2) / 3;
  const std::ptrdiff_t row = a.row, row2 = 2 * a.row, step = a.step;
  Vec sums[ROWS][2] = {};
  for (std::ptrdiff_t g = 0; g < groups; g++) {
    const float* rows[POINTERS];
#pragma GCC unroll 5
    for (int p = 0; p < POINTERS; p++) rows[p] = a.values + g * a.group + 3 * p * row;
    for (std::ptrdiff_t k = 0; k < depth; k++) {
      const Vec b0 = at<LANES>(b);
      const Vec b1 = at<LANES>(b + LANES);
      b += ldb;
#pragma GCC unroll 14
      for (int r = 0; r < ROWS; r++) {
        const float x = r % 3 == 0 ? *rows[r / 3] : rows[r / 3][r % 3 == 1 ? row : row2];
        sums[r][0] += x * b0;
        sums[r][1] += x * b1;
      }
#pragma GCC unroll 5
      for (int p = 0; p < POINTERS; p++) rows[p] += step;
    }
  }
  if (add) {
#pragma GCC unroll 14
    for (int r = 0; r < ROWS; r++) {
      sums[r][0] += at<LANES>(c + r * ldc);
      sums[r][1] += at<LANES>(c + r * ldc + LANES);
    }
  }
#pragma GCC unroll 14
  for (int r = 0; r < ROWS; r++) {
    at<LANES>(c + r * ldc) = sums[r][0];
    at<LANES>(c + r * ldc + LANES) = sums[r][1];
  }
}

template <int LANES, int IN, int OUT>
INLINE void sandwichBody(const float* M, const float* in, Square inStrides, float* out, Square outStrides,
                         int channels, bool add) {
  using Vec = typename Vector<LANES>::type;
  for (int c = 0; c < channels; c += LANES, in += LANES, out += LANES) {
    Vec half[OUT][IN];
    for (int j = 0; j < IN; j++) {
      Vec sums[OUT] = {};
#pragma GCC unroll 9
      for (int i = 0; i < IN; i++) {
        const Vec x = at<LANES>(in + i * inStrides.row + j * inStrides.column);
#pragma GCC unroll 9
        for (int o = 0; o < OUT; o++) sums[o] += M[o * IN + i] * x;
      }
#pragma GCC unroll 9
      for (int o = 0; o < OUT; o++) half[o][j] = sums[o];
    }
    for (int o = 0; o < OUT; o++) {
      Vec sums[OUT] = {};
#pragma GCC unroll 9
      for (int j = 0; j < IN; j++) {
        const Vec x = half[o][j];
#pragma GCC unroll 9
        for (int p = 0; p < OUT; p++) sums[p] += M[p * IN + j] * x;
      }
      float* const to = out + o * outStrides.row;
#pragma GCC unroll 9
      for (int p = 0; p < OUT; p++) {
        if (add) at<LANES>(to + p * outStrides.column) += sums[p];
        else at<LANES>(to + p * outStrides.column) = sums[p];
      }
    }
  }
}

/** What of a window lies within the image. */
struct Window {
  int fromRow, toRow, fromColumn, toColumn;

  INLINE Window(const Pooling& pooling, const Sums& shape, int y, int x) {
    const int top = y * pooling.stride - pooling.top, left = x * pooling.stride - pooling.left;
    fromRow = std::max(0, -top);
    toRow = std::min(pooling.size, shape.height - top);
    fromColumn = std::max(0, -left);
    toColumn = std::min(pooling.size, shape.width - left);
  }
};

template <int LANES>
INLINE void poolBody(const float* sums, const Sums& shape, const Pooling& pooling, const float* bias, float floor,
                     int channels, float* out, int* chosen, std::ptrdiff_t ld) {
  using Vec = typename Vector<LANES>::type;
  using Mask = typename Vector<LANES>::mask;
  for (int y = 0; y < pooling.outHeight; y++) {
    for (int x = 0; x < pooling.outWidth; x++) {
      const Window window(pooling, shape, y, x);
      const float* const corner = sums + (y * pooling.stride - pooling.top) * shape.row +
                                  (x * pooling.stride - pooling.left) * shape.pixel;
      const std::ptrdiff_t pixel = (static_cast<std::ptrdiff_t>(y) * pooling.outWidth + x) * ld;
      for (int c = 0; c < channels; c += LANES) {
        Vec best = at<LANES>(corner + window.fromRow * shape.row + window.fromColumn * shape.pixel + c);
        Mask place = Mask{} + (window.fromRow * pooling.size + window.fromColumn);
        Vec nothing{};
        for (int i = window.fromRow; i < window.toRow; i++) {
          for (int j = window.fromColumn; j < window.toColumn; j++) {
            const Vec value = at<LANES>(corner + i * shape.row + j * shape.pixel + c);
            // the first of equal ones
            place = value > best ? Mask{} + (i * pooling.size + j) : place;
            best = value > best ? value : best;
            // a NaN, which is not larger, must not be lost
            nothing += 0 * value;
          }
        }
        const Vec sum = best + nothing + at<LANES>(bias + c);
        const Vec result = sum < floor ? Vec{} + floor : sum;
        const int count = std::min(LANES, channels - c);
        if (count == LANES) {
          at<LANES>(out + pixel + c) = result;
          at<LANES>(chosen + pixel + c) = place;
        } else {
          for (int k = 0; k < count; k++) {
            out[pixel + c + k] = result[k];
            chosen[pixel + c + k] = place[k];
          }
        }
      }
    }
  }
}

template <int LANES>
INLINE void poolBackBody(const float* gradient, const float* out, const int* chosen, std::ptrdiff_t ld,
                         bool relu, int channels, const Sums& shape, const Pooling& pooling, float* sums,
                         float* biasGradient) {
  using Vec = typename Vector<LANES>::type;
  using Mask = typename Vector<LANES>::mask;
  for (int y = 0; y < pooling.outHeight; y++) {
    for (int x = 0; x < pooling.outWidth; x++) {
      const Window window(pooling, shape, y, x);
      float* const corner = sums + (y * pooling.stride - pooling.top) * shape.row +
                            (x * pooling.stride - pooling.left) * shape.pixel;
      const std::ptrdiff_t pixel = (static_cast<std::ptrdiff_t>(y) * pooling.outWidth + x) * ld;
      for (int c = 0; c < channels; c += LANES) {
        Vec g{}, value{};
        Mask place{};
        const int count = std::min(LANES, channels - c);
        if (count == LANES) {
          g = at<LANES>(gradient + pixel + c);
          value = at<LANES>(out + pixel + c);
          place = at<LANES>(chosen + pixel + c);
        } else {
          for (int k = 0; k < count; k++) {
            g[k] = gradient[pixel + c + k];
            value[k] = out[pixel + c + k];
            place[k] = chosen[pixel + c + k];
          }
        }
        if (relu) g = value > 0 ? g : Vec{};
        at<LANES>(biasGradient + c) += g;
        for (int i = window.fromRow; i < window.toRow; i++) {
          for (int j = window.fromColumn; j < window.toColumn; j++) {
            const Mask here = place == i * pooling.size + j;
            at<LANES>(corner + i * shape.row + j * shape.pixel + c) += here ? g : Vec{};
          }
        }
      }
    }
  }
}

#define CONVOLUTION_FUNCTIONS(NAME, TARGET, LANES)                                                                   \
  template <int ROWS>                                                                                                \
  TARGET void product##NAME(const Strided& a, const float* b, std::ptrdiff_t ldb, std::ptrdiff_t depth,              \
                            std::ptrdiff_t groups, float* c, std::ptrdiff_t ldc, bool add) {                         \
    productBody<LANES, ROWS>(a, b, ldb, depth, groups, c, ldc, add);                                                 \
  }                                                                                                                  \
  template <int IN, int OUT>                                                                                         \
  TARGET void sandwich##NAME(const float* M, const float* in, Square inStrides, float* out, Square outStrides,       \
                             int channels, bool add) {                                                               \
    sandwichBody<LANES, IN, OUT>(M, in, inStrides, out, outStrides, channels, add);                                            \
  }                                                                                                                  \
  TARGET void pool##NAME(const float* sums, const Sums& shape, const Pooling& pooling, const float* bias,            \
                         float floor, int channels, float* out, int* chosen, std::ptrdiff_t ld) {          \
    poolBody<LANES>(sums, shape, pooling, bias, floor, channels, out, chosen, ld);                                   \
  }                                                                                                                  \
  TARGET void poolBack##NAME(const float* gradient, const float* out, const int* chosen, std::ptrdiff_t ld, \
                             bool relu, int channels, const Sums& shape, const Pooling& pooling, float* sums,        \
                             float* biasGradient) {                                                                  \
    poolBackBody<LANES>(gradient, out, chosen, ld, relu, channels, shape, pooling, sums, biasGradient);              \
  }

#define CONVOLUTION_OTHERS(NAME) sandwich##NAME<9, 9>, sandwich##NAME<9, 5>, sandwich##NAME<5, 9>, pool##NAME, poolBack##NAME

CONVOLUTION_FUNCTIONS(Avx2, __attribute__((target("avx2,fma"))), 8)
CONVOLUTION_FUNCTIONS(Avx512, __attribute__((target("avx512f,avx2,fma,prefer-vector-width=512"))), 16)

const ConvolutionKernels avx2 = {{nullptr, productAvx2<1>, productAvx2<2>, productAvx2<3>, productAvx2<4>,
                                  productAvx2<5>, productAvx2<6>},
                                 CONVOLUTION_OTHERS(Avx2)};
const ConvolutionKernels avx512 = {{nullptr, productAvx512<1>, productAvx512<2>, productAvx512<3>, productAvx512<4>,
                                    productAvx512<5>, productAvx512<6>, productAvx512<7>, productAvx512<8>,
                                    productAvx512<9>, productAvx512<10>, productAvx512<11>, productAvx512<12>,
                                    productAvx512<13>, productAvx512<14>},
                                   CONVOLUTION_OTHERS(Avx512)};

}  // namespace

const ConvolutionKernels& convolutionKernels(const Kernels& kernels) { return kernels.lanes == 16 ? avx512 : avx2; }
#else
const ConvolutionKernels& convolutionKernels(const Kernels&) { throw std::logic_error("there are no kernels"); }
#endif

}  // namespace ops
