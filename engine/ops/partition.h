// How work is cut. What is summed in parts is cut by shapes alone, never by the number of threads, so that sums are the same for any.
#pragma once

#include <algorithm>
#include <cstddef>

namespace ops {

inline int divideUp(int a, int b) { return (a + b - 1) / b; }

inline int roundUp(int a, int unit) { return divideUp(a, unit) * unit; }

/** Start of part i of `parts` equal parts of n. */
inline int startOf(int i, int parts, int n) { return static_cast<int>(static_cast<long long>(i) * n / parts); }

/** The filters of a convolution in blocks of whole panels, the last of which may be filled up. */
struct FilterBlocks {
  /** Filters of a block at most. */
  static constexpr int MOST = 64;
  int filters;
  int panel;
  int most;
  int count;

  FilterBlocks(int filters, int panel, int most = MOST)
      : filters(filters), panel(panel), most(most), count(divideUp(filters, most)) {}

  int first(int block) const { return block * most; }
  int size(int block) const { return std::min(most, filters - first(block)); }
  /** Filters and what fills them up to whole panels. */
  int width(int block) const { return roundUp(size(block), panel); }
  int widest() const { return roundUp(std::min(most, filters), panel); }
  int allWidths() const { return first(count - 1) + width(count - 1); }
};

}  // namespace ops
