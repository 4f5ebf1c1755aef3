#include "gram.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

#include "entryPasses.h"
#include "interrupt.h"
#include "parallel.h"
#include "simd.h"

namespace linalg {
namespace {

/** Values of a strip: 24 KiB of doubles, which a first-level cache holds. */
constexpr int STRIP_VALUES = 3072;
/** Strips whose rows meet all columns together: their values fit a second-level cache. */
constexpr int STRIPS_TOGETHER = 16;

template <typename T>
[[noreturn]] void refuse(const T* W, const T* found) {
  throw std::range_error("W[" + std::to_string(found - W) + "] must be finite, got " +
                         (std::isnan(*found) ? "NaN" : *found > 0 ? "Infinity" : "-Infinity"));
}

template <typename T>
void checkFinite(const T* W, std::size_t count) {
  const T* found = std::find_if(W, W + count, [](T value) { return !std::isfinite(value); });
  if (found != W + count) refuse(W, found);
}

int exponentOf(double largest) {
  if (largest == 0) return 0;
  // 2^-exponent itself must stay a normal number.
  return std::max(-1020, std::min(1020, static_cast<int>(std::floor(std::log2(largest)))));
}

/** Squares of doubles may leave their range. */
int exponentOfDoubles(const double* W, std::size_t count) {
  double largest = 0;
  for (std::size_t i = 0; i < count; i++) {
    const double magnitude = std::fabs(W[i]);
    if (!(magnitude <= std::numeric_limits<double>::max())) refuse(W, W + i);
    largest = std::max(largest, magnitude);
  }
  return exponentOf(largest);
}

/** Packs entries start .. start + depth along the longer side into strips: row k of a strip holds entry start + k of its columns. */
template <typename T>
void pack(const T* W, const Matrix& shape, int start, int depth, int strips, int strip, double scale, double* packed) {
  const bool tall = shape.rows >= shape.cols;
  const int n = std::min(shape.rows, shape.cols);
  const std::ptrdiff_t width = shape.cols;
  for (int s = 0; s < strips; s++) {
    double* to = packed + static_cast<std::ptrdiff_t>(s) * strip * depth;
    const int count = std::max(0, std::min(strip, n - s * strip));
    if (count < strip) std::fill(to, to + static_cast<std::ptrdiff_t>(strip) * depth, 0.0);
    if (tall) {
      const T* from = W + start * width + s * strip;
      for (int k = 0; k < depth; k++) {
        for (int i = 0; i < count; i++) to[k * strip + i] = from[k * width + i] * scale;
      }
    } else {
      const T* from = W + s * strip * width + start;
      for (int k = 0; k < depth; k++) {
        for (int i = 0; i < count; i++) to[k * strip + i] = from[i * width + k] * scale;
      }
    }
  }
}

}  // namespace

std::vector<int> exponentsOf(const std::vector<Matrix>& matrices, int threads) {
  const std::vector<EntrySums> sums = entrySums(matrices, std::numeric_limits<double>::infinity(), threads);
  std::vector<int> exponents(matrices.size());
  parallel(static_cast<int>(matrices.size()), threads, [&](int i) {
    const Matrix& W = matrices[i];
    const std::size_t count = static_cast<std::size_t>(W.rows) * W.cols;
    if (W.floats == nullptr) {
      exponents[i] = exponentOfDoubles(W.doubles, count);
    } else {
      if (!std::isfinite(sums[i].below)) checkFinite(W.floats, count);
      exponents[i] = exponentOf(std::sqrt(sums[i].largestSquare));
    }
  });
  return exponents;
}

Gram emptyGram(const Matrix& W, int exponent) {
  const int n = std::min(W.rows, W.cols);
  const std::ptrdiff_t ld = static_cast<std::ptrdiff_t>((n + WIDEST_STRIP - 1) / WIDEST_STRIP) * WIDEST_STRIP;
  return {n, ld, exponent, AlignedVector(ld * ld)};
}

void addGramPart(const Matrix& W, Gram& gram, int part, int parts) {
  const Kernels& cpu = kernels();
  const int strips = (gram.n + cpu.strip - 1) / cpu.strip;
  const auto edge = [&](int p) { return static_cast<int>(std::lround(strips * std::sqrt(1.0 * p / parts))); };
  const int first = edge(part);
  const int end = edge(part + 1);
  if (first == end) return;
  const int length = std::max(W.rows, W.cols);
  const int block = STRIP_VALUES / cpu.strip;
  const double scale = std::ldexp(1.0, -gram.exponent);
  AlignedVector packed(static_cast<std::size_t>(end) * cpu.strip * std::min(block, length));
  for (int start = 0; start < length; start += block) {
    const int depth = std::min(block, length - start);
    if (W.floats != nullptr) pack(W.floats, W, start, depth, end, cpu.strip, scale, packed.data());
    else pack(W.doubles, W, start, depth, end, cpu.strip, scale, packed.data());
    const std::ptrdiff_t stride = static_cast<std::ptrdiff_t>(cpu.strip) * depth;
    for (int group = first; group < end; group += STRIPS_TOGETHER) {
      checkInterrupt();
      const int groupEnd = std::min(end, group + STRIPS_TOGETHER);
      for (int q = 0; q < groupEnd; q++) {
        for (int p = std::max(group, q); p < groupEnd; p++) {
          for (int i = 0; i < cpu.strip; i += cpu.lanes) {
            double* c = gram.values.data() + (static_cast<std::ptrdiff_t>(p) * cpu.strip + i) * gram.ld + q * cpu.strip;
            cpu.tile({packed.data() + p * stride + i, 1, cpu.strip}, packed.data() + q * stride, depth, c, gram.ld);
          }
        }
      }
    }
  }
}

}  // namespace linalg
