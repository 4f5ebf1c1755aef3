#include "dense.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "partition.h"
#include "pool.h"

namespace ops {
namespace {

using std::ptrdiff_t;

/** Values of a block of W that is packed at a time: half of a small second-level cache. */
constexpr int PACKED_VALUES = 1 << 15;
/** Most steps of a sum whose panels of both factors stay in the first-level cache. */
constexpr int MOST_DEPTH = 256;
/** Up to here the forward pass is bound by reading W, which is then read row after row. */
constexpr int SMALL_BATCH = 32;
/** Parts of a sum over the inputs that are summed apart at small batches, so that threads can share it. */
constexpr int PARTS = 8;
/** Rows of a part at least. */
constexpr int MIN_PART = 64;
/** Tasks that the forward pass is split into at least, where there are so many tiles. */
constexpr int MIN_TASKS = 8;
/** Tiles of rows of y that a task takes at a time: their sums stay in the second-level cache. */
constexpr int BLOCKS_OF_TASK = 18;

/** The rows of a matrix in blocks of at most maxRows, each packed column after column. */
struct RowBlocks {
  int rows;
  int columns;
  int count;

  RowBlocks(int rows, int columns, int maxRows) : rows(rows), columns(columns), count(divideUp(rows, maxRows)) {}

  int first(int block) const { return startOf(block, count, rows); }
  int height(int block) const { return first(block + 1) - first(block); }
  /** A register may be written beyond the end of each block. */
  ptrdiff_t offset(int block) const {
    return static_cast<ptrdiff_t>(first(block)) * columns + static_cast<ptrdiff_t>(block) * MOST_COLUMNS;
  }
  std::size_t size() const { return static_cast<std::size_t>(offset(count)); }
};

/** target[k * rows + r] = source[k * ld + r]: a block of columns, which may be read beyond up to `end`. */
void packColumns(const Kernels& kernels, const float* source, ptrdiff_t ld, int rows, int depth, const float* end,
                 float* target) {
  const int lanes = kernels.lanes;
  for (int k = 0; k < depth; k++) {
    const float* from = source + k * ld;
    if (from + MOST_COLUMNS / 2 <= end) {
      // constant sizes, so that the copy is a move of registers; what is too much is overwritten by the next row
      if (lanes == 16) std::memcpy(target + k * rows, from, 16 * sizeof(float));
      else std::memcpy(target + k * rows, from, 8 * sizeof(float));
    } else {
      std::memcpy(target + k * rows, from, rows * sizeof(float));
    }
  }
}

/** Rows that are asked for ahead of the one that is packed: they lie in other pages, where the processor does not look ahead. */
constexpr int ROWS_AHEAD = 16;

template <int PANEL>
void copyRow(const float* row, int whole, ptrdiff_t panelSize, float* target) {
  for (int p = 0; p < whole; p++) std::memcpy(target + p * panelSize, row + p * PANEL, PANEL * sizeof(float));
}

/**
 * Copies `depth` rows of `width` values into panels one after another, of which the last is filled up with zeros.
 */
void packPanels(const float* source, ptrdiff_t ld, int width, int depth, int panel, float* target) {
  const ptrdiff_t panelSize = static_cast<ptrdiff_t>(panel) * depth;
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

void prefetchRows(const float* rows, ptrdiff_t ld, int count, int panel) {
  for (int r = 0; r < count; r++) {
    for (int i = 0; i < panel; i += 16) __builtin_prefetch(rows + r * ld + i, 1, 2);
  }
}

}  // namespace

void denseForward(const Kernels& kernels, const DenseShape& shape, const float* x, const float* W, const float* b,
                  float* y) {
  const auto [batch, inputs, outputs, relu] = shape;
  const int panel = kernels.panel;
  const int panels = divideUp(outputs, panel);
  const int width = panels * panel;
  const float floor = relu ? 0 : -std::numeric_limits<float>::infinity();

  Workspace workspace;
  const RowBlocks blocks(batch, inputs, kernels.maxRows);
  float* const packedX = workspace.take(blocks.size());
  workspace.parallel(blocks.count, [&, inputs = inputs](int block, int) {
    kernels.transpose(x + static_cast<ptrdiff_t>(blocks.first(block)) * inputs, inputs, blocks.height(block), inputs,
                      packedX + blocks.offset(block), blocks.height(block));
  });

  const bool small = batch <= SMALL_BATCH;
  const int parts = small ? std::max(1, std::min(PARTS, inputs / MIN_PART)) : 1;
  const int panelsOfTask = small ? panels : 2;
  const int columnTasks = divideUp(panels, panelsOfTask);
  // Few columns leave too few tasks; at small batches the parts are enough.
  const int wanted = small ? 1 : std::min(blocks.count, divideUp(MIN_TASKS, columnTasks));
  const int rowTasks = std::max(divideUp(blocks.count, BLOCKS_OF_TASK), wanted);
  const int most = std::max(8, std::min(MOST_DEPTH, PACKED_VALUES / (panelsOfTask * panel)));
  const ptrdiff_t partSize = static_cast<ptrdiff_t>(batch) * width;
  float* const sums = workspace.take(static_cast<std::size_t>(partSize) * parts);
  const std::size_t packedSize = static_cast<std::size_t>(panelsOfTask) * panel * most;
  float* const packedW = workspace.take(packedSize * workspace.lanes());

  const auto finish = [&, outputs = outputs](int firstRow, int lastRow, int column, int columns) {
    for (int i = firstRow; i < lastRow; i++) {
      kernels.addBias(sums + static_cast<ptrdiff_t>(i) * width + column, parts, partSize, b + column, floor, columns,
                      y + static_cast<ptrdiff_t>(i) * outputs + column);
    }
  };
  workspace.parallel(parts * columnTasks * rowTasks, [&, inputs = inputs, outputs = outputs](int task, int lane) {
    const int part = task % parts;
    const int firstPanel = task / parts % columnTasks * panelsOfTask;
    const int lastPanel = std::min(panels, firstPanel + panelsOfTask);
    const int rowTask = task / parts / columnTasks;
    const int firstBlock = startOf(rowTask, rowTasks, blocks.count);
    const int lastBlock = startOf(rowTask + 1, rowTasks, blocks.count);
    const int from = startOf(part, parts, inputs);
    const int to = startOf(part + 1, parts, inputs);
    const int steps = divideUp(to - from, most);
    float* const packed = packedW + packedSize * lane;
    for (int step = 0; step < steps; step++) {
      const int k = from + startOf(step, steps, to - from);
      const int depth = from + startOf(step + 1, steps, to - from) - k;
      const int column = firstPanel * panel;
      packPanels(W + static_cast<ptrdiff_t>(k) * outputs + column, outputs,
                 std::min(outputs, lastPanel * panel) - column, depth, panel, packed);
      for (int p = firstPanel; p < lastPanel; p++) {
        for (int block = firstBlock; block < lastBlock; block++) {
          const int rows = blocks.height(block);
          kernels.tiles[rows](packedX + blocks.offset(block) + static_cast<ptrdiff_t>(k) * rows,
                              packed + static_cast<ptrdiff_t>(p - firstPanel) * panel * depth, depth,
                              sums + part * partSize + static_cast<ptrdiff_t>(blocks.first(block)) * width + p * panel,
                              width, step > 0);
        }
      }
    }
    if (parts == 1) {
      const int column = firstPanel * panel;
      finish(blocks.first(firstBlock), blocks.first(lastBlock), column, std::min(outputs, lastPanel * panel) - column);
    }
  });
  if (parts > 1) finish(0, batch, 0, outputs);
}

void denseBackward(const Kernels& kernels, const DenseShape& shape, const float* dy, const float* y, const float* x,
                   const Trained& W, const Trained& b, Rule rule, const UpdateScalars& scalars, float* dx) {
  const auto [batch, inputs, outputs, relu] = shape;
  const int panel = kernels.panel;
  const int panels = divideUp(outputs, panel);
  const Update update = kernels.updates[static_cast<int>(rule)];
  Workspace workspace;

  // The gradient of x W + b, and, for that of x, the same in blocks of rows.
  const RowBlocks blocks(batch, outputs, kernels.maxRows);
  float* const masked = workspace.take(static_cast<std::size_t>(batch) * outputs);
  float* const packedRows = dx == nullptr ? nullptr : workspace.take(blocks.size());
  workspace.parallel(blocks.count, [&, outputs = outputs, relu = relu](int block, int) {
    const ptrdiff_t first = static_cast<ptrdiff_t>(blocks.first(block)) * outputs;
    const ptrdiff_t count = static_cast<ptrdiff_t>(blocks.height(block)) * outputs;
    if (relu) kernels.maskPositive(dy + first, y + first, count, masked + first);
    const float* const from = (relu ? masked : dy) + first;
    if (dx != nullptr) {
      kernels.transpose(from, outputs, blocks.height(block), outputs, packedRows + blocks.offset(block),
                        blocks.height(block));
    }
  });
  const float* const gradient = relu ? masked : dy;

  // The same in panels, whose sums over the images are the gradient of b.
  const ptrdiff_t panelSize = static_cast<ptrdiff_t>(batch) * panel;
  float* const packedPanels = workspace.take(static_cast<std::size_t>(panelSize) * panels);
  workspace.parallel(panels, [&, batch = batch, outputs = outputs](int p, int) {
    const int columns = std::min(panel, outputs - p * panel);
    float* const target = packedPanels + p * panelSize;
    packPanels(gradient + p * panel, outputs, columns, batch, panel, target);
    float sum[MOST_COLUMNS] = {};
    for (int i = 0; i < batch; i++) kernels.add(target + static_cast<ptrdiff_t>(i) * panel, panel, sum);
    float* const slots[2] = {b.slots[0] == nullptr ? nullptr : b.slots[0] + p * panel,
                             b.slots[1] == nullptr ? nullptr : b.slots[1] + p * panel};
    UpdateScalars unpenalized = scalars;
    unpenalized.l2 = 0;
    update(b.values + p * panel, slots, outputs, sum, panel, 1, columns, unpenalized);
  });

  // W in blocks of one panel of its rows or two: first the gradient of x from the old values, then the update.
  const int group = batch <= SMALL_BATCH ? 1 : 2;
  const int rowsOfTask = group * panel;
  const int tasks = divideUp(inputs, rowsOfTask);
  const int depthSteps = divideUp(outputs, MOST_DEPTH);
  const int batchSteps = divideUp(batch, MOST_DEPTH);
  const std::size_t packedWSize = static_cast<std::size_t>(panel) * MOST_DEPTH;
  const std::size_t sumSize = static_cast<std::size_t>(batch) * rowsOfTask;
  const std::size_t packedXSize = static_cast<std::size_t>(batch) * MOST_ROWS + MOST_COLUMNS;
  const std::size_t laneSize = packedWSize + sumSize + packedXSize;
  float* const scratch = workspace.take(laneSize * workspace.lanes());
  workspace.parallel(tasks, [&, batch = batch, inputs = inputs, outputs = outputs](int task, int lane) {
    float* const packedW = scratch + laneSize * lane;
    float* const sums = packedW + packedWSize;
    float* const packedX = sums + sumSize;
    const int first = task * rowsOfTask;
    const int height = std::min(rowsOfTask, inputs - first);
    if (dx != nullptr) {
      for (int step = 0; step < depthSteps; step++) {
        const int k = startOf(step, depthSteps, outputs);
        const int depth = startOf(step + 1, depthSteps, outputs) - k;
        for (int column = 0; column < height; column += panel) {
          for (int half = 0; half < panel; half += kernels.lanes) {
            const int rows = std::max(0, std::min(kernels.lanes, height - column - half));
            kernels.transpose(W.values + static_cast<ptrdiff_t>(first + column + half) * outputs + k, outputs, rows,
                              depth, packedW + half, panel);
          }
          for (int block = 0; block < blocks.count; block++) {
            const int rows = blocks.height(block);
            kernels.tiles[rows](packedRows + blocks.offset(block) + static_cast<ptrdiff_t>(k) * rows, packedW, depth,
                                sums + static_cast<ptrdiff_t>(blocks.first(block)) * rowsOfTask + column, rowsOfTask,
                                step > 0);
          }
        }
      }
      for (int i = 0; i < batch; i++) {
        float* const target = dx + static_cast<ptrdiff_t>(i) * inputs + first;
        std::memcpy(target, sums + static_cast<ptrdiff_t>(i) * rowsOfTask, height * sizeof(float));
      }
    }
    const RowBlocks tiles(height, batch, kernels.maxRows);
    for (int t = 0; t < tiles.count; t++) {
      const int row = first + tiles.first(t);
      const int rows = tiles.height(t);
      packColumns(kernels, x + row, inputs, rows, batch, x + static_cast<ptrdiff_t>(batch) * inputs, packedX);
      const ptrdiff_t start = static_cast<ptrdiff_t>(row) * outputs;
      for (int p = 0; p < panels; p++) {
        const ptrdiff_t position = start + p * panel;
        float* const slots[2] = {W.slots[0] == nullptr ? nullptr : W.slots[0] + position,
                                 W.slots[1] == nullptr ? nullptr : W.slots[1] + position};
        prefetchRows(W.values + position + panel, outputs, rows, panel);
        for (float* slot : slots) {
          if (slot != nullptr) prefetchRows(slot + panel, outputs, rows, panel);
        }
        float tile[MOST_ROWS * MOST_COLUMNS] __attribute__((aligned(64)));
        for (int step = 0; step < batchSteps; step++) {
          const int k = startOf(step, batchSteps, batch);
          kernels.tiles[rows](packedX + static_cast<ptrdiff_t>(k) * rows,
                              packedPanels + p * panelSize + static_cast<ptrdiff_t>(k) * panel,
                              startOf(step + 1, batchSteps, batch) - k, tile, panel, step > 0);
        }
        update(W.values + position, slots, outputs, tile, panel, rows, std::min(panel, outputs - p * panel), scalars);
      }
    }
  });
}

}  // namespace ops
