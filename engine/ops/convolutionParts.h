// What direct and Winograd's convolutions have in common.
#pragma once

#include <cstring>

#include "convolution.h"
#include "partition.h"
#include "pool.h"

namespace ops {

/** Groups of images at most whose parts of a gradient are summed apart. */
constexpr int MOST_GROUPS = 16;

/** Returns `rows` rows of `columns` values at `width` values from one another, filled up with zeros: the rows themselves, or a copy. */
inline const float* widened(Workspace& workspace, const float* source, int rows, int columns, int width) {
  if (columns == width) return source;
  float* const target = workspace.take(static_cast<std::size_t>(rows) * width);
  std::memset(target, 0, static_cast<std::size_t>(rows) * width * sizeof(float));
  for (int row = 0; row < rows; row++) {
    std::memcpy(target + static_cast<std::ptrdiff_t>(row) * width, source + static_cast<std::ptrdiff_t>(row) * columns,
                columns * sizeof(float));
  }
  return target;
}

/** Adds parts 1, 2, ... to part 0, in this order. */
inline void addParts(Workspace& workspace, const Kernels& kernels, float* parts, int count, std::ptrdiff_t size) {
  constexpr int STRETCH = 4096;
  if (count == 1) return;
  workspace.parallel(static_cast<int>((size + STRETCH - 1) / STRETCH), [&](int stretch, int) {
    const std::ptrdiff_t from = static_cast<std::ptrdiff_t>(stretch) * STRETCH;
    const int values = static_cast<int>(std::min<std::ptrdiff_t>(STRETCH, size - from));
    for (int part = 1; part < count; part++) kernels.add(parts + part * size + from, values, parts + from);
  });
}

/** Updates `rows` rows of `columns` values at `ld` from one another, `offset` behind the first, from gradients that are `gradientLd` apart. */
inline void updateRows(const Kernels& kernels, const Training& training, const Trained& of, std::ptrdiff_t offset,
                       std::ptrdiff_t ld, const float* gradient, std::ptrdiff_t gradientLd, int rows, int columns,
                       const UpdateScalars& scalars) {
  for (int column = 0; column < columns; column += kernels.panel) {
    const std::ptrdiff_t place = offset + column;
    float* const slots[2] = {of.slots[0] == nullptr ? nullptr : of.slots[0] + place,
                             of.slots[1] == nullptr ? nullptr : of.slots[1] + place};
    kernels.updates[static_cast<int>(training.rule)](of.values + place, slots, ld, gradient + column, gradientLd, rows,
                                                     std::min(kernels.panel, columns - column), scalars);
  }
}

/** Updates biases, which have no penalty. */
inline void updateBiases(const Kernels& kernels, const Training& training, const float* gradient, int count) {
  UpdateScalars scalars = training.scalars;
  scalars.l2 = 0;
  updateRows(kernels, training, training.b, 0, count, gradient, count, 1, count, scalars);
}

}  // namespace ops
