#include "gram.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "interrupt.h"
#include "simd.h"

namespace linalg {
namespace {

/** Values of a strip: 24 KiB of doubles, which a first-level cache holds. */
constexpr int STRIP_VALUES = 3072;
/** Strips whose rows meet all columns together: their values fit a second-level cache. */
constexpr int STRIPS_TOGETHER = 16;

template <typename T>
int exponentOf(const T* W, std::size_t count) {
  // Several maxima side by side; NaN and infinity show as a difference that is not zero.
  constexpr int parts = 16;
  T largest[parts] = {};
  T bad[parts] = {};
  std::size_t i = 0;
  for (; i + parts <= count; i += parts) {
    for (int part = 0; part < parts; part++) {
      const T magnitude = std::fabs(W[i + part]);
      largest[part] = magnitude > largest[part] ? magnitude : largest[part];
      bad[part] += magnitude - magnitude;
    }
  }
  T most = 0;
  T wrong = 0;
  for (int part = 0; part < parts; part++) {
    most = std::max(most, largest[part]);
    wrong += bad[part];
  }
  for (; i < count; i++) {
    most = std::max(most, std::fabs(W[i]));
    wrong += W[i] - W[i];
  }
  if (!(wrong == 0)) {
    const T* found = std::find_if(W, W + count, [](T value) { return !std::isfinite(value); });
    throw std::range_error("W[" + std::to_string(found - W) + "] must be finite, got " +
                           (std::isnan(*found) ? "NaN" : *found > 0 ? "Infinity" : "-Infinity"));
  }
  if (most == 0) return 0;
  // 2^-exponent itself must stay a normal number.
  return std::max(-1020, std::min(1020, static_cast<int>(std::floor(std::log2(static_cast<double>(most))))));
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

int exponentOfLargest(const Matrix& W) {
  const std::size_t count = static_cast<std::size_t>(W.rows) * W.cols;
  return W.floats != nullptr ? exponentOf(W.floats, count) : exponentOf(W.doubles, count);
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
