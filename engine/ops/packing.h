// The factors of a product, laid out as its kernels read them: in blocks of rows and in panels of columns.
#pragma once

#include <cstddef>

#include "partition.h"
#include "simd.h"

namespace ops {

/** The rows of a matrix in blocks of at most maxRows, each packed column after column. */
struct RowBlocks {
  int rows;
  int columns;
  int count;

  RowBlocks(int rows, int columns, int maxRows) : rows(rows), columns(columns), count(divideUp(rows, maxRows)) {}

  int first(int block) const { return startOf(block, count, rows); }
  int height(int block) const { return first(block + 1) - first(block); }
  /** A register may be written beyond the end of each block. */
  std::ptrdiff_t offset(int block) const {
    return static_cast<std::ptrdiff_t>(first(block)) * columns + static_cast<std::ptrdiff_t>(block) * MOST_COLUMNS;
  }
  std::size_t size() const { return static_cast<std::size_t>(offset(count)); }
};

/** Copies `depth` rows of `width` values into panels, `panelSize` apart, of which the last is filled up with zeros. */
void packPanels(const float* source, std::ptrdiff_t ld, int width, int depth, int panel, std::ptrdiff_t panelSize,
                float* target);

/** Packs the columns of a matrix, which are the rows of a factor, in the blocks of `tiles`; it may be read beyond them up to `end`. */
void packColumns(const Kernels& kernels, const float* source, std::ptrdiff_t ld, const RowBlocks& tiles, const float* end,
                 float* target);

}  // namespace ops
