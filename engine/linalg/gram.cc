#include "gram.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "simd.h"

namespace linalg {
namespace {

/** Values of the panels of a tile's columns: 24 KiB of doubles, which a first-level cache holds. */
constexpr int COLUMN_VALUES = 3072;

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

/** Packs entries start .. start + depth along the longer side: panel p holds, one after another, its `panel` entries of each. */
template <typename T>
void pack(const T* W, const Matrix& shape, int start, int depth, int panels, int panel, double scale, double* packed) {
  const bool tall = shape.rows >= shape.cols;
  const int n = std::min(shape.rows, shape.cols);
  const std::ptrdiff_t width = shape.cols;
  for (int p = 0; p < panels; p++) {
    double* to = packed + static_cast<std::ptrdiff_t>(p) * panel * depth;
    const int count = std::max(0, std::min(panel, n - p * panel));
    if (count < panel) std::fill(to, to + static_cast<std::ptrdiff_t>(panel) * depth, 0.0);
    if (tall) {
      const T* from = W + start * width + p * panel;
      for (int k = 0; k < depth; k++) {
        for (int i = 0; i < count; i++) to[k * panel + i] = from[k * width + i] * scale;
      }
    } else {
      const T* from = W + p * panel * width + start;
      for (int i = 0; i < count; i++) {
        for (int k = 0; k < depth; k++) to[k * panel + i] = from[i * width + k] * scale;
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
  const int panel = kernels().panel;
  const int n = std::min(W.rows, W.cols);
  const int width = panel * TILE_PANELS;
  const std::ptrdiff_t ld = static_cast<std::ptrdiff_t>((n + width - 1) / width) * width;
  return {n, ld, exponent, AlignedVector(ld * ld)};
}

void addGramStrip(const Matrix& W, Gram& gram, int strip, int strips) {
  const Kernels& cpu = kernels();
  const int panel = cpu.panel;
  const int panels = static_cast<int>(gram.ld / panel);
  const auto edge = [&](int s) {
    return static_cast<int>(std::lround(panels / TILE_PANELS * std::sqrt(1.0 * s / strips))) * TILE_PANELS;
  };
  const int first = edge(strip);
  const int end = edge(strip + 1);
  if (first == end) return;
  const int length = std::max(W.rows, W.cols);
  const int block = COLUMN_VALUES / (TILE_PANELS * panel);
  const double scale = std::ldexp(1.0, -gram.exponent);
  AlignedVector packed(static_cast<std::size_t>(end) * panel * std::min(block, length));
  for (int start = 0; start < length; start += block) {
    const int depth = std::min(block, length - start);
    if (W.floats != nullptr) pack(W.floats, W, start, depth, end, panel, scale, packed.data());
    else pack(W.doubles, W, start, depth, end, panel, scale, packed.data());
    const std::ptrdiff_t stride = static_cast<std::ptrdiff_t>(panel) * depth;
    for (int q = 0; q < end; q += TILE_PANELS) {
      for (int p = std::max(first, q); p < end; p++) {
        double* c = gram.values.data() + static_cast<std::ptrdiff_t>(p) * panel * gram.ld + q * panel;
        cpu.tile(packed.data() + p * stride, packed.data() + q * stride, depth, c, gram.ld);
      }
    }
  }
}

}  // namespace linalg
