#include <cstring>
#include <limits>

#include "convolution.h"
#include "convolutionParts.h"
#include "partition.h"
#include "pool.h"

namespace ops {
namespace {

using std::ptrdiff_t;
using M = WinogradMatrices;

/** Entries of a transformed tile. */
constexpr int ENTRIES = M::TILE * M::TILE;
constexpr int TAPS = M::SIDE * M::SIDE;
/** Tiles that are multiplied at a time, where images and batch allow: enough for rows of a product, few enough for the cache. */
constexpr int MOST_TILES = 28;
constexpr int LEAST_TILES = 8;
/** Chunks of images at least, where the batch allows and there is one block of filters, so that threads can share them. */
constexpr int LEAST_TASKS = 8;

/** Filters of a block where each block of the transformed kernel is used once: it stays in the cache from its making to its use. */
constexpr int FILTERS_OF_ONE_USE = 32;

/** How images lie in tiles, and these in chunks; `channels` are filled up to whole panels. */
struct Tiling {
  int tilesDown, tilesAcross, tiles;
  int channels;
  FilterBlocks blocks;
  int chunks, mostTiles;
  ptrdiff_t inputRow, inputSize;
  Sums sums;
  ptrdiff_t sumSize;

  Tiling(const Kernels& kernels, const ConvolutionShape& s)
      : tilesDown(divideUp(s.outHeight, M::OUTPUTS)),
        tilesAcross(divideUp(s.outWidth, M::OUTPUTS)),
        tiles(tilesDown * tilesAcross),
        channels(roundUp(s.channels, kernels.panel)),
        blocks(s.filters, kernels.panel) {
    const int wanted = blocks.count > 1 ? s.batch : divideUp(s.batch, LEAST_TASKS);
    const int images = std::max(divideUp(LEAST_TILES, tiles), std::min(wanted, MOST_TILES / tiles));
    chunks = divideUp(s.batch, std::max(1, images));
    if (usedOnce()) blocks = FilterBlocks(s.filters, kernels.panel, FILTERS_OF_ONE_USE);
    mostTiles = divideUp(s.batch, chunks) * tiles;
    inputRow = static_cast<ptrdiff_t>(tilesAcross * M::OUTPUTS + M::SIDE - 1) * channels;
    inputSize = inputRow * (tilesDown * M::OUTPUTS + M::SIDE - 1);
    const int width = blocks.widest();
    sums = {s.outHeight, s.outWidth, static_cast<ptrdiff_t>(tilesAcross) * M::OUTPUTS * width, width};
    sumSize = sums.row * tilesDown * M::OUTPUTS;
  }

  /** Whether a task makes its block of the transformed kernel itself, and updates it too. */
  bool usedOnce() const { return chunks == 1 && blocks.count > 1; }

  ptrdiff_t inputOf(int tile) const {
    return tile / tilesAcross * M::OUTPUTS * inputRow + static_cast<ptrdiff_t>(tile % tilesAcross) * M::OUTPUTS * channels;
  }
  ptrdiff_t sumsOf(int tile) const {
    return tile / tilesAcross * M::OUTPUTS * sums.row + tile % tilesAcross * M::OUTPUTS * sums.pixel;
  }
  Square inputSquare() const { return {inputRow, channels}; }
  Square sumSquare() const { return {sums.row, sums.pixel}; }
};

/** Values from an entry of the transformed tiles to the next: a line more, lest all fall into the same few places of the cache. */
ptrdiff_t entryOf(ptrdiff_t rows, ptrdiff_t columns) { return rows * columns + 16; }

/** Strides of the entries of a transformed tile. */
Square entries(ptrdiff_t entry) { return {M::TILE * entry, entry}; }

/** Puts an image into its place between zeros, which are there already. */
void padImage(const ConvolutionShape& s, const Tiling& t, const float* image, float* target) {
  for (int y = 0; y < s.height; y++) {
    float* const row = target + (y + s.pad) * t.inputRow + static_cast<ptrdiff_t>(s.pad) * t.channels;
    for (int x = 0; x < s.width; x++) {
      std::memcpy(row + static_cast<ptrdiff_t>(x) * t.channels, image, s.channels * sizeof(float));
      image += s.channels;
    }
  }
}

/** Takes an image out of the zeros around it. */
void takeOut(const ConvolutionShape& s, const Tiling& t, const float* source, float* image) {
  for (int y = 0; y < s.height; y++) {
    const float* const row = source + (y + s.pad) * t.inputRow + static_cast<ptrdiff_t>(s.pad) * t.channels;
    for (int x = 0; x < s.width; x++) {
      std::memcpy(image, row + static_cast<ptrdiff_t>(x) * t.channels, s.channels * sizeof(float));
      image += s.channels;
    }
  }
}

/** Transforms the tiles of an image of `channels` channels, which become rows `first` and on of the matrices of `rows` rows. */
void transformInput(const Kernels& kernels, const ConvolutionShape& s, const Tiling& t, const M& m, const float* input,
                    int first, int rows, float* V) {
  const Sandwich transform = convolutionKernels(kernels).sandwich9to9;
  const Square to = entries(entryOf(rows, t.channels));
  for (int tile = 0; tile < t.tiles; tile++) {
    transform(m.Bt, input + t.inputOf(tile), t.inputSquare(), V + static_cast<ptrdiff_t>(first + tile) * t.channels, to,
              s.channels, false);
  }
}

/** c = a b (or c += a b) for rows of `a` that are `aRow` apart and steps that are `aStep` apart. */
void multiply(const Kernels& kernels, const float* a, ptrdiff_t aRow, ptrdiff_t aStep, int rows, int depth, const float* b,
              ptrdiff_t ldb, int width, float* c, ptrdiff_t ldc, bool add) {
  const ConvolutionKernels& of = convolutionKernels(kernels);
  const int parts = divideUp(rows, kernels.maxRows);
  for (int part = 0; part < parts; part++) {
    const int first = startOf(part, parts, rows);
    const Product product = of.products[startOf(part + 1, parts, rows) - first];
    for (int column = 0; column < width; column += kernels.panel) {
      product({a + first * aRow, aRow, aStep, 0}, b + column, ldb, depth, 1, c + first * ldc + column, ldc, add);
    }
  }
}

/** A convolution at work: its kernel, transformed and back. A block of it is entry after entry, channels x filters or turned. */
struct Kernel {
  const Kernels& kernels;
  const ConvolutionKernels& of;
  const ConvolutionShape& s;
  const Tiling& t;
  const M& m;

  Kernel(const Kernels& kernels, const ConvolutionShape& s, const Tiling& t, const M& m)
      : kernels(kernels), of(convolutionKernels(kernels)), s(s), t(t), m(m) {}

  /** Values from an entry of a block to the next, channels x filters. */
  ptrdiff_t entry(int block) const { return entryOf(s.channels, t.blocks.width(block)); }
  /** The same of filters x channels. */
  ptrdiff_t turnedEntry(int block) const { return entryOf(t.blocks.size(block), t.channels); }

  ptrdiff_t largestBlock() const { return ENTRIES * std::max(entry(0), turnedEntry(0)); }
  ptrdiff_t size() const { return largestBlock() * t.blocks.count; }
  ptrdiff_t startOfBlock(int block) const { return largestBlock() * block; }

  /** Transforms the weights of a channel, whose filters are filled up to `all` each. */
  void transform(const float* wide, int all, int block, int channel, float* U) const {
    const int width = t.blocks.width(block);
    const ptrdiff_t tap = static_cast<ptrdiff_t>(s.channels) * all;
    of.sandwich5to9(m.G, wide + static_cast<ptrdiff_t>(channel) * all + t.blocks.first(block), {M::SIDE * tap, tap},
                    U + static_cast<ptrdiff_t>(channel) * width, entries(entry(block)), width, false);
  }

  ptrdiff_t turnedSize(int block) const {
    return static_cast<ptrdiff_t>(TAPS) * t.blocks.size(block) * t.channels;
  }

  /** Turns a tap of the kernel to filters x channels. */
  void turn(const float* W, int block, int tap, float* turned) const {
    const int size = t.blocks.size(block);
    for (int c = 0; c < t.channels; c += kernels.lanes) {
      const int rows = std::max(0, std::min(kernels.lanes, s.channels - c));
      kernels.transpose(W + (static_cast<ptrdiff_t>(tap) * s.channels + c) * s.filters + t.blocks.first(block), s.filters,
                        rows, size, turned + static_cast<ptrdiff_t>(tap) * size * t.channels + c, t.channels);
    }
  }

  void transformTurned(const float* turned, int block, int filter, float* U) const {
    const ptrdiff_t tap = static_cast<ptrdiff_t>(t.blocks.size(block)) * t.channels;
    const ptrdiff_t place = static_cast<ptrdiff_t>(filter) * t.channels;
    of.sandwich5to9(m.G, turned + place, {M::SIDE * tap, tap}, U + place, entries(turnedEntry(block)), t.channels, false);
  }

  /** Updates the weights of a channel from the gradient of their transform. */
  void update(const Training& training, const float* dU, int block, int channel) const {
    float gradient[TAPS * FilterBlocks::MOST] __attribute__((aligned(64)));
    const int width = t.blocks.width(block);
    of.sandwich9to5(m.Gt, dU + static_cast<ptrdiff_t>(channel) * width, entries(entry(block)), gradient,
                    {static_cast<ptrdiff_t>(M::SIDE) * width, width}, width, false);
    updateRows(kernels, training, training.W, static_cast<ptrdiff_t>(channel) * s.filters + t.blocks.first(block),
               static_cast<ptrdiff_t>(s.channels) * s.filters, gradient, width, TAPS, t.blocks.size(block),
               training.scalars);
  }
};

}  // namespace

void winogradForward(const Kernels& kernels, const ConvolutionShape& s, const WinogradMatrices& m, const float* x,
                     const float* W, const float* b, const Pooled& pooled) {
  const ConvolutionKernels& of = convolutionKernels(kernels);
  const Tiling t(kernels, s);
  const Kernel kernel(kernels, s, t, m);
  const FilterBlocks& blocks = t.blocks;
  const int all = blocks.allWidths();
  const float floor = s.relu ? 0 : -std::numeric_limits<float>::infinity();

  Workspace workspace;
  const float* const bias = widened(workspace, b, 1, s.filters, all);
  const float* const wide = widened(workspace, W, TAPS * s.channels, s.filters, all);
  float* const shared = t.usedOnce() ? nullptr : workspace.take(kernel.size());
  if (shared != nullptr) {
    workspace.parallel(s.channels, [&](int channel, int) {
      for (int block = 0; block < blocks.count; block++) {
        kernel.transform(wide, all, block, channel, shared + kernel.startOfBlock(block));
      }
    });
  }

  const ptrdiff_t vSize = ENTRIES * entryOf(t.mostTiles, t.channels);
  const ptrdiff_t productSize = ENTRIES * entryOf(t.mostTiles, blocks.widest());
  const ptrdiff_t ownSize = t.usedOnce() ? kernel.largestBlock() : 0;
  const ptrdiff_t laneSize = t.inputSize + vSize + productSize + t.sumSize + ownSize;
  float* const scratch = workspace.take(static_cast<std::size_t>(laneSize) * workspace.lanes());
  for (int lane = 0; lane < workspace.lanes(); lane++) {
    std::memset(scratch + laneSize * lane, 0, t.inputSize * sizeof(float));
  }
  workspace.parallel(t.chunks * blocks.count, [&](int task, int lane) {
    const int chunk = task / blocks.count, block = task % blocks.count;
    float* const input = scratch + laneSize * lane;
    float* const V = input + t.inputSize;
    float* const products = V + vSize;
    float* const sums = products + productSize;
    float* const U = shared == nullptr ? sums + t.sumSize : shared + kernel.startOfBlock(block);
    const int firstImage = startOf(chunk, t.chunks, s.batch);
    const int images = startOf(chunk + 1, t.chunks, s.batch) - firstImage;
    const int rows = images * t.tiles;
    for (int image = 0; image < images; image++) {
      padImage(s, t, x + (firstImage + image) * s.imageSize(), input);
      transformInput(kernels, s, t, m, input, image * t.tiles, rows, V);
    }
    for (int channel = 0; shared == nullptr && channel < s.channels; channel++) {
      kernel.transform(wide, all, block, channel, U);
    }
    const int width = blocks.width(block);
    const ptrdiff_t entry = entryOf(rows, width);
    for (int e = 0; e < ENTRIES; e++) {
      multiply(kernels, V + e * entryOf(rows, t.channels), t.channels, 1, rows, s.channels, U + e * kernel.entry(block),
               width, width, products + e * entry, width, false);
    }
    for (int image = 0; image < images; image++) {
      for (int tile = 0; tile < t.tiles; tile++) {
        const float* const from = products + static_cast<ptrdiff_t>(image * t.tiles + tile) * width;
        of.sandwich9to5(m.At, from, entries(entry), sums + t.sumsOf(tile), t.sumSquare(), width, false);
      }
      const ptrdiff_t target = (firstImage + image) * s.pooledSize() + blocks.first(block);
      of.pool(sums, t.sums, s.pooling, bias + blocks.first(block), floor, blocks.size(block), pooled.values + target,
              pooled.chosen + target, s.filters);
    }
  });
}

void winogradBackward(const Kernels& kernels, const ConvolutionShape& s, const WinogradMatrices& m,
                      const PooledGradient& pooled, const float* x, const Training& training, float* dx) {
  const ConvolutionKernels& of = convolutionKernels(kernels);
  const Tiling t(kernels, s);
  const Kernel kernel(kernels, s, t, m);
  const FilterBlocks& blocks = t.blocks;
  const int all = blocks.allWidths();
  const int groups = std::min(t.chunks, MOST_GROUPS);

  Workspace workspace;
  float* const shared = dx == nullptr || t.usedOnce() ? nullptr : workspace.take(kernel.size());
  if (shared != nullptr) {
    float* const turned = workspace.take(static_cast<std::size_t>(kernel.turnedSize(0)) * blocks.count);
    workspace.parallel(TAPS * blocks.count, [&](int task, int) {
      const int block = task / TAPS;
      kernel.turn(training.W.values, block, task % TAPS, turned + kernel.turnedSize(0) * block);
    });
    workspace.parallel(s.filters, [&](int filter, int) {
      const int block = filter / blocks.most;
      kernel.transformTurned(turned + kernel.turnedSize(0) * block, block, filter - blocks.first(block),
                             shared + kernel.startOfBlock(block));
    });
  }

  // of each group of chunks: the gradient of the transformed kernel, and that of b
  const ptrdiff_t gradientSize = t.usedOnce() ? 0 : kernel.size();
  const ptrdiff_t partSize = gradientSize + all;
  float* const parts = workspace.take(static_cast<std::size_t>(partSize) * groups);
  // of each block of filters: the gradient of x
  const ptrdiff_t xSize = s.batch * s.imageSize();
  float* const dxParts =
      dx == nullptr || blocks.count == 1 ? dx : workspace.take(static_cast<std::size_t>(xSize) * blocks.count);
  const ptrdiff_t vSize = ENTRIES * entryOf(t.mostTiles, t.channels);
  const ptrdiff_t productSize = ENTRIES * entryOf(t.mostTiles, blocks.widest());
  const ptrdiff_t ownSize = t.usedOnce() ? kernel.largestBlock() + kernel.turnedSize(0) : 0;
  const ptrdiff_t laneSize = 2 * t.inputSize + 2 * vSize + productSize + t.sumSize + ownSize;
  float* const scratch = workspace.take(static_cast<std::size_t>(laneSize) * workspace.lanes());
  for (int lane = 0; lane < workspace.lanes(); lane++) {
    std::memset(scratch + laneSize * lane, 0, t.inputSize * sizeof(float));
  }
  workspace.parallel(groups * blocks.count, [&](int task, int lane) {
    const int group = task / blocks.count, block = task % blocks.count;
    const int width = blocks.width(block);
    float* const input = scratch + laneSize * lane;
    float* const dInput = input + t.inputSize;
    float* const V = dInput + t.inputSize;
    float* const dV = V + vSize;
    float* const dProducts = dV + vSize;
    float* const dSums = dProducts + productSize;
    float* const own = dSums + t.sumSize;
    const float* const U = shared == nullptr ? own : shared + kernel.startOfBlock(block);
    // the block's own memory: the gradient takes the place of the transformed kernel when that has been used
    float* const dU = t.usedOnce() ? own : parts + partSize * group + kernel.startOfBlock(block);
    float* const dBias = parts + partSize * group + gradientSize + blocks.first(block);
    std::memset(dBias, 0, width * sizeof(float));
    if (t.usedOnce() && dx != nullptr) {
      float* const turned = own + kernel.largestBlock();
      for (int tap = 0; tap < TAPS; tap++) kernel.turn(training.W.values, block, tap, turned);
      for (int filter = 0; filter < blocks.size(block); filter++) kernel.transformTurned(turned, block, filter, own);
    }
    const int firstChunk = startOf(group, groups, t.chunks);
    for (int chunk = firstChunk; chunk < startOf(group + 1, groups, t.chunks); chunk++) {
      const int firstImage = startOf(chunk, t.chunks, s.batch);
      const int images = startOf(chunk + 1, t.chunks, s.batch) - firstImage;
      const int rows = images * t.tiles;
      const ptrdiff_t entry = entryOf(rows, width);
      const ptrdiff_t vEntry = entryOf(rows, t.channels);
      for (int image = 0; image < images; image++) {
        padImage(s, t, x + (firstImage + image) * s.imageSize(), input);
        transformInput(kernels, s, t, m, input, image * t.tiles, rows, V);
        std::memset(dSums, 0, t.sumSize * sizeof(float));
        const ptrdiff_t source = (firstImage + image) * s.pooledSize() + blocks.first(block);
        of.poolBack(pooled.gradient + source, pooled.values + source, pooled.chosen + source, s.filters, s.relu,
                    blocks.size(block), t.sums, s.pooling, dSums, dBias);
        for (int tile = 0; tile < t.tiles; tile++) {
          float* const to = dProducts + static_cast<ptrdiff_t>(image * t.tiles + tile) * width;
          of.sandwich5to9(m.A, dSums + t.sumsOf(tile), t.sumSquare(), to, entries(entry), width, false);
        }
      }
      for (int e = 0; dx != nullptr && e < ENTRIES; e++) {
        multiply(kernels, dProducts + e * entry, width, 1, rows, blocks.size(block), U + e * kernel.turnedEntry(block),
                 t.channels, t.channels, dV + e * vEntry, t.channels, false);
      }
      for (int e = 0; e < ENTRIES; e++) {
        multiply(kernels, V + e * vEntry, 1, t.channels, s.channels, rows, dProducts + e * entry, width, width,
                 dU + e * kernel.entry(block), width, chunk > firstChunk);
      }
      for (int image = 0; dx != nullptr && image < images; image++) {
        std::memset(dInput, 0, t.inputSize * sizeof(float));
        for (int tile = 0; tile < t.tiles; tile++) {
          of.sandwich9to9(m.B, dV + static_cast<ptrdiff_t>(image * t.tiles + tile) * t.channels, entries(vEntry),
                          dInput + t.inputOf(tile), t.inputSquare(), s.channels, true);
        }
        takeOut(s, t, dInput, dxParts + block * xSize + (firstImage + image) * s.imageSize());
      }
    }
    for (int channel = 0; t.usedOnce() && channel < s.channels; channel++) kernel.update(training, dU, block, channel);
  });

  if (dxParts != dx) {
    addParts(workspace, kernels, dxParts, blocks.count, xSize);
    std::memcpy(dx, dxParts, xSize * sizeof(float));
  }
  addParts(workspace, kernels, parts, groups, partSize);
  if (!t.usedOnce()) {
    workspace.parallel(s.channels, [&](int channel, int) {
      for (int block = 0; block < blocks.count; block++) {
        kernel.update(training, parts + kernel.startOfBlock(block), block, channel);
      }
    });
  }
  updateBiases(kernels, training, parts + gradientSize, s.filters);
}

}  // namespace ops
