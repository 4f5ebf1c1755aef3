#include "packing.h"

#include <cstring>

namespace ops {
namespace {

using std::ptrdiff_t;

/** Rows that are asked for ahead of the one that is packed: they lie in other pages, where the processor does not look ahead. */
constexpr int ROWS_AHEAD = 16;

template <int PANEL>
void copyRow(const float* row, int whole, ptrdiff_t panelSize, float* target) {
  for (int p = 0; p < whole; p++) std::memcpy(target + p * panelSize, row + p * PANEL, PANEL * sizeof(float));
}

}  // namespace

void packPanels(const float* source, ptrdiff_t ld, int width, int depth, int panel, ptrdiff_t panelSize, float* target) {
  const int whole = width / panel;
  const int rest = width - whole * panel;
  for (int k = 0; k < depth; k++) {
    const float* const row = source + k * ld;
    if (width < ld && k + ROWS_AHEAD < depth) {
      for (int i = 0; i < width; i += 16) __builtin_prefetch(row + ROWS_AHEAD * ld + i);
    }
    if (panel == 32) copyRow<32>(row, whole, panelSize, target + k * panel);
    else copyRow<16>(row, whole, panelSize, target + k * panel);
    if (rest > 0) {
      float* const last = target + whole * panelSize + k * panel;
      std::memcpy(last, row + whole * panel, rest * sizeof(float));
      std::memset(last + rest, 0, (panel - rest) * sizeof(float));
    }
  }
}

void packColumns(const Kernels& kernels, const float* source, ptrdiff_t ld, const RowBlocks& tiles, const float* end,
                 float* target) {
  for (int t = 0; t < tiles.count; t++) {
    const int rows = tiles.height(t);
    const float* from = source + tiles.first(t);
    float* to = target + tiles.offset(t);
    for (int k = 0; k < tiles.columns; k++, from += ld, to += rows) {
      if (t == 0 && k + ROWS_AHEAD < tiles.columns) {
        for (int i = 0; i < tiles.rows; i += 16) __builtin_prefetch(from + ROWS_AHEAD * ld + i);
      }
      // constant sizes, so that the copy is a move of registers; what is too much is overwritten by the next row
      if (from + MOST_COLUMNS / 2 > end) std::memcpy(to, from, rows * sizeof(float));
      else if (kernels.lanes == 16) std::memcpy(to, from, 16 * sizeof(float));
      else std::memcpy(to, from, 8 * sizeof(float));
    }
  }
}

}  // namespace ops
