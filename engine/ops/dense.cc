#include "dense.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "packing.h"
#include "partition.h"
#include "pool.h"

namespace ops {
namespace {

using std::ptrdiff_t;

/** Values of W that are packed at a time at small batches: half of a small second-level cache. */
constexpr int PACKED_VALUES = 1 << 15;
/** Most steps of a sum whose panels of both factors stay in the first-level cache. */
constexpr int MOST_DEPTH = 256;
/** Up to here both passes are bound by reading W, which is then read row after row. */
constexpr int SMALL_BATCH = 32;
/** Parts of a sum over the inputs that are summed apart at small batches, so that threads can share it. */
constexpr int PARTS = 8;
/** Rows of a part at least. */
constexpr int MIN_PART = 64;
/** Tiles that a forward task is high and panels that it is wide at most: what it packs and sums stays in the second-level cache. */
constexpr int BLOCKS_OF_TASK = 36;
constexpr int PANELS_OF_TASK = 16;
/** Multiplications of a thread in the time in which it packs a value. */
constexpr int PACKING = 24;
/** Panels of rows of W that a backward task takes at most. */
constexpr int PANELS_OF_STRIP = 4;

void prefetchRows(const float* rows, ptrdiff_t ld, int count, int panel) {
  for (int r = 0; r < count; r++) {
    for (int i = 0; i < panel; i += 16) __builtin_prefetch(rows + r * ld + i, 1, 2);
  }
}

/** How many tasks share the rows of a product and how many its columns; which of them sums an element changes nothing in it. */
struct Grid {
  int rows;
  int columns;
};

/** Returns the grid that threads are through with first, for a product of `blocks` x `panels` tiles. */
Grid fastestGrid(const Kernels& kernels, int blocks, int panels, int threads) {
  Grid best{};
  long long least = std::numeric_limits<long long>::max();
  for (int rows = divideUp(blocks, BLOCKS_OF_TASK); rows <= blocks; rows++) {
    for (int columns = divideUp(panels, PANELS_OF_TASK); columns <= panels; columns++) {
      const long long height = divideUp(blocks, rows) * kernels.maxRows;
      const long long width = divideUp(panels, columns) * kernels.panel;
      const long long time = divideUp(rows * columns, threads) * (height * width + PACKING * (height + width));
      if (time < least) {
        least = time;
        best = {rows, columns};
      }
    }
  }
  return best;
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
  const int blocks = divideUp(batch, kernels.maxRows);
  const bool small = batch <= SMALL_BATCH;
  const int parts = small ? std::max(1, std::min(PARTS, inputs / MIN_PART)) : 1;
  const Grid grid = small ? Grid{1, 1} : fastestGrid(kernels, blocks, panels, workspace.lanes());
  const int most = small ? std::max(8, std::min(MOST_DEPTH, PACKED_VALUES / width)) : MOST_DEPTH;
  const ptrdiff_t partSize = static_cast<ptrdiff_t>(batch) * width;
  float* const sums = workspace.take(static_cast<std::size_t>(partSize) * parts);
  const int blocksOfTask = divideUp(blocks, grid.rows);
  const std::size_t packedXSize = RowBlocks(blocksOfTask * kernels.maxRows, most, kernels.maxRows).size();
  const std::size_t packedWSize = static_cast<std::size_t>(divideUp(panels, grid.columns)) * panel * most;
  float* const scratch = workspace.take((packedXSize + packedWSize) * workspace.lanes());

  const auto finish = [&, outputs = outputs](int firstRow, int lastRow, int column, int columns) {
    for (int i = firstRow; i < lastRow; i++) {
      kernels.addBias(sums + static_cast<ptrdiff_t>(i) * width + column, parts, partSize, b + column, floor, columns,
                      y + static_cast<ptrdiff_t>(i) * outputs + column);
    }
  };
  workspace.parallel(parts * grid.rows * grid.columns, [&, batch = batch, inputs = inputs, outputs = outputs](int task, int lane) {
    const int part = task % parts;
    const int columnTask = task / parts % grid.columns;
    const int rowTask = task / parts / grid.columns;
    const int firstPanel = startOf(columnTask, grid.columns, panels);
    const int lastPanel = startOf(columnTask + 1, grid.columns, panels);
    const int column = firstPanel * panel;
    const int columns = std::min(outputs, lastPanel * panel) - column;
    const int firstRow = startOf(rowTask, grid.rows, batch);
    const int lastRow = startOf(rowTask + 1, grid.rows, batch);
    const int from = startOf(part, parts, inputs);
    const int to = startOf(part + 1, parts, inputs);
    const int steps = divideUp(to - from, most);
    float* const packedW = scratch + (packedXSize + packedWSize) * lane;
    float* const packedX = packedW + packedWSize;
    float* const sum = sums + part * partSize + static_cast<ptrdiff_t>(firstRow) * width + column;
    for (int step = 0; step < steps; step++) {
      const int k = from + startOf(step, steps, to - from);
      const int depth = from + startOf(step + 1, steps, to - from) - k;
      const RowBlocks tiles(lastRow - firstRow, depth, kernels.maxRows);
      for (int t = 0; t < tiles.count; t++) {
        kernels.transpose(x + static_cast<ptrdiff_t>(firstRow + tiles.first(t)) * inputs + k, inputs, tiles.height(t), depth,
                          packedX + tiles.offset(t), tiles.height(t));
      }
      packPanels(W + static_cast<ptrdiff_t>(k) * outputs + column, outputs, columns, depth, panel,
                 static_cast<ptrdiff_t>(panel) * depth, packedW);
      for (int p = 0; p < lastPanel - firstPanel; p++) {
        for (int t = 0; t < tiles.count; t++) {
          kernels.tiles[tiles.height(t)](packedX + tiles.offset(t), packedW + static_cast<ptrdiff_t>(p) * panel * depth, depth,
                                         sum + static_cast<ptrdiff_t>(tiles.first(t)) * width + p * panel, width, step > 0);
        }
      }
    }
    if (parts == 1) finish(firstRow, lastRow, column, columns);
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

  // The gradient of x W + b in panels and, for the gradient of x, in blocks of rows.
  const RowBlocks blocks(batch, outputs, kernels.maxRows);
  const ptrdiff_t panelSize = static_cast<ptrdiff_t>(batch) * panel;
  float* const packedPanels = workspace.take(static_cast<std::size_t>(panelSize) * panels);
  float* const packedRows = dx == nullptr ? nullptr : workspace.take(blocks.size());
  const std::size_t maskedSize = static_cast<std::size_t>(kernels.maxRows) * outputs;
  float* const masked = workspace.take(maskedSize * workspace.lanes());
  workspace.parallel(blocks.count, [&, outputs = outputs, relu = relu](int block, int lane) {
    const int first = blocks.first(block);
    const int rows = blocks.height(block);
    const float* gradient = dy + static_cast<ptrdiff_t>(first) * outputs;
    if (relu) {
      float* const positive = masked + maskedSize * lane;
      kernels.maskPositive(gradient, y + static_cast<ptrdiff_t>(first) * outputs, static_cast<ptrdiff_t>(rows) * outputs,
                           positive);
      gradient = positive;
    }
    packPanels(gradient, outputs, outputs, rows, panel, panelSize, packedPanels + static_cast<ptrdiff_t>(first) * panel);
    if (dx != nullptr) {
      kernels.transpose(gradient, outputs, rows, outputs, packedRows + blocks.offset(block), rows);
    }
  });

  // Summed over the images it is the gradient of b.
  workspace.parallel(panels, [&, batch = batch, outputs = outputs](int p, int) {
    float sum[MOST_COLUMNS] = {};
    for (int i = 0; i < batch; i++) {
      kernels.add(packedPanels + p * panelSize + static_cast<ptrdiff_t>(i) * panel, panel, sum);
    }
    float* const slots[2] = {b.slots[0] == nullptr ? nullptr : b.slots[0] + p * panel,
                             b.slots[1] == nullptr ? nullptr : b.slots[1] + p * panel};
    UpdateScalars unpenalized = scalars;
    unpenalized.l2 = 0;
    update(b.values + p * panel, slots, outputs, sum, panel, 1, std::min(panel, outputs - p * panel), unpenalized);
  });

  // W in strips of its rows: first the gradient of x from the old values, then the update.
  const bool small = batch <= SMALL_BATCH;
  const int unit = dx == nullptr && !small ? kernels.maxRows : panel;
  const int units = divideUp(inputs, unit);
  const int mostRows = (small ? 1 : PANELS_OF_STRIP) * panel;
  const int tasks = std::min(units, roundUp(divideUp(inputs, mostRows), workspace.lanes()));
  const int depthSteps = divideUp(outputs, MOST_DEPTH);
  const int batchSteps = divideUp(batch, MOST_DEPTH);
  const int mostHeight = divideUp(units, tasks) * unit;
  const int mostTiles = divideUp(mostHeight, kernels.maxRows);
  const std::size_t packedWSize = static_cast<std::size_t>(panel) * MOST_DEPTH;
  const std::size_t tileSize = static_cast<std::size_t>(MOST_ROWS) * MOST_COLUMNS;
  const std::size_t packedXSize = RowBlocks(mostTiles * kernels.maxRows, batch, kernels.maxRows).size();
  const std::size_t laneSize = packedWSize + mostTiles * tileSize + roundUp(packedXSize, MOST_COLUMNS);
  float* const scratch = workspace.take(laneSize * workspace.lanes());
  workspace.parallel(tasks, [&, batch = batch, inputs = inputs, outputs = outputs](int task, int lane) {
    float* const packedW = scratch + laneSize * lane;
    float* const sums = packedW + packedWSize;
    float* const packedX = sums + mostTiles * tileSize;
    const int first = startOf(task, tasks, units) * unit;
    const int height = std::min(inputs, startOf(task + 1, tasks, units) * unit) - first;
    for (int column = 0; dx != nullptr && column < height; column += panel) {
      const int columns = std::min(panel, height - column);
      for (int step = 0; step < depthSteps; step++) {
        const int k = startOf(step, depthSteps, outputs);
        const int depth = startOf(step + 1, depthSteps, outputs) - k;
        for (int half = 0; half < panel; half += kernels.lanes) {
          const int rows = std::max(0, std::min(kernels.lanes, columns - half));
          kernels.transpose(W.values + static_cast<ptrdiff_t>(first + column + half) * outputs + k, outputs, rows, depth,
                            packedW + half, panel);
        }
        for (int block = 0; block < blocks.count; block++) {
          const int rows = blocks.height(block);
          const float* const packed = packedRows + blocks.offset(block) + static_cast<ptrdiff_t>(k) * rows;
          float* const target = dx + static_cast<ptrdiff_t>(blocks.first(block)) * inputs + first + column;
          if (columns == panel) {
            kernels.tiles[rows](packed, packedW, depth, target, inputs, step > 0);
            continue;
          }
          for (int r = 0; step > 0 && r < rows; r++) {
            std::memcpy(sums + r * panel, target + static_cast<ptrdiff_t>(r) * inputs, columns * sizeof(float));
          }
          kernels.tiles[rows](packed, packedW, depth, sums, panel, step > 0);
          for (int r = 0; r < rows; r++) {
            std::memcpy(target + static_cast<ptrdiff_t>(r) * inputs, sums + r * panel, columns * sizeof(float));
          }
        }
      }
    }
    const RowBlocks tiles(height, batch, kernels.maxRows);
    packColumns(kernels, x + first, inputs, tiles, x + static_cast<ptrdiff_t>(batch) * inputs, packedX);
    // A sum of one step is done row after row of W; for more, a panel's part of the gradient stays in the first-level cache.
    const int together = batchSteps == 1 ? 1 : tiles.count;
    const int ahead = batchSteps == 1 ? panel : 0;
    for (int group = 0; group < tiles.count; group += together) {
      for (int turn = 0; turn < panels * batchSteps; turn++) {
        const int p = turn / batchSteps;
        const int step = turn % batchSteps;
        const int k = startOf(step, batchSteps, batch);
        const int depth = startOf(step + 1, batchSteps, batch) - k;
        for (int t = group; t < group + together; t++) {
          const int rows = tiles.height(t);
          const ptrdiff_t position = static_cast<ptrdiff_t>(first + tiles.first(t)) * outputs + p * panel;
          float* const slots[2] = {W.slots[0] == nullptr ? nullptr : W.slots[0] + position,
                                   W.slots[1] == nullptr ? nullptr : W.slots[1] + position};
          const bool last = step + 1 == batchSteps;
          if (last) {
            prefetchRows(W.values + position + ahead, outputs, rows, panel);
            for (float* slot : slots) {
              if (slot != nullptr) prefetchRows(slot + ahead, outputs, rows, panel);
            }
          }
          float* const sum = sums + t * tileSize;
          kernels.tiles[rows](packedX + tiles.offset(t) + static_cast<ptrdiff_t>(k) * rows,
                              packedPanels + p * panelSize + static_cast<ptrdiff_t>(k) * panel, depth, sum, panel, step > 0);
          if (last) {
            update(W.values + position, slots, outputs, sum, panel, rows, std::min(panel, outputs - p * panel), scalars);
          }
        }
      }
    }
  });
}

}  // namespace ops
