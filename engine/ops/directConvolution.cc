#include <cstring>
#include <limits>

#include "convolution.h"
#include "convolutionParts.h"
#include "partition.h"
#include "pool.h"

namespace ops {
namespace {

using std::ptrdiff_t;

/** The image with zeros around it, so that every kernel lies within it. */
struct Padded {
  ptrdiff_t row;
  ptrdiff_t size;

  explicit Padded(const ConvolutionShape& s)
      : row(static_cast<ptrdiff_t>(s.outWidth + s.side - 1) * s.channels), size(row * (s.outHeight + s.side - 1)) {}

  void fill(const ConvolutionShape& s, const float* image, float* target) const {
    const ptrdiff_t width = static_cast<ptrdiff_t>(s.width) * s.channels;
    for (int y = 0; y < s.height; y++) {
      std::memcpy(target + (y + s.pad) * row + static_cast<ptrdiff_t>(s.pad) * s.channels, image + y * width,
                  width * sizeof(float));
    }
  }
};

}  // namespace

void directForward(const Kernels& kernels, const ConvolutionShape& s, const float* x, const float* W, const float* b,
                   const Pooled& pooled) {
  const ConvolutionKernels& of = convolutionKernels(kernels);
  const FilterBlocks blocks(s.filters, kernels.panel);
  const Padded padded(s);
  const int depth = s.side * s.channels;
  const int taps = s.side * depth;
  const int all = blocks.allWidths();
  const float floor = s.relu ? 0 : -std::numeric_limits<float>::infinity();

  Workspace workspace;
  const float* const wide = widened(workspace, W, taps, s.filters, all);
  const float* const bias = widened(workspace, b, 1, s.filters, all);
  const int width = blocks.widest();
  const Sums sums{s.outHeight, s.outWidth, static_cast<ptrdiff_t>(s.outWidth) * width, width};
  const ptrdiff_t laneSize = padded.size + sums.row * s.outHeight + MOST_COLUMNS;
  float* const scratch = workspace.take(static_cast<std::size_t>(laneSize) * workspace.lanes());
  std::memset(scratch, 0, laneSize * workspace.lanes() * sizeof(float));
  workspace.parallel(s.batch * blocks.count, [&](int task, int lane) {
    const int image = task / blocks.count, block = task % blocks.count;
    float* const input = scratch + laneSize * lane;
    float* const output = input + padded.size;
    padded.fill(s, x + image * s.imageSize(), input);
    const int first = blocks.first(block);
    const int parts = divideUp(s.outWidth, kernels.maxRows);
    for (int y = 0; y < s.outHeight; y++) {
      for (int part = 0; part < parts; part++) {
        const int from = startOf(part, parts, s.outWidth);
        const int pixels = startOf(part + 1, parts, s.outWidth) - from;
        const Strided patches{input + y * padded.row + static_cast<ptrdiff_t>(from) * s.channels, s.channels, 1,
                              padded.row};
        for (int column = 0; column < blocks.width(block); column += kernels.panel) {
          of.products[pixels](patches, wide + first + column, all, depth, s.side,
                              output + y * sums.row + from * sums.pixel + column, sums.pixel, false);
        }
      }
    }
    const ptrdiff_t target = image * s.pooledSize() + first;
    of.pool(output, sums, s.pooling, bias + first, floor, blocks.size(block), pooled.values + target,
            pooled.chosen + target, s.filters);
  });
}

void directBackward(const Kernels& kernels, const ConvolutionShape& s, const PooledGradient& pooled, const float* x,
                    const Training& training) {
  const ConvolutionKernels& of = convolutionKernels(kernels);
  const FilterBlocks blocks(s.filters, kernels.panel);
  const Padded padded(s);
  const int depth = s.side * s.channels;
  const int taps = s.side * depth;
  const int all = blocks.allWidths();
  const int groups = std::min(s.batch, MOST_GROUPS);

  Workspace workspace;
  // of each group of images: the gradient of W, and a row more with that of b
  const ptrdiff_t partSize = static_cast<ptrdiff_t>(taps + 1) * all;
  float* const parts = workspace.take(static_cast<std::size_t>(partSize) * groups);
  std::memset(parts, 0, partSize * groups * sizeof(float));
  const int width = blocks.widest();
  const Sums sums{s.outHeight, s.outWidth, static_cast<ptrdiff_t>(s.outWidth) * width, width};
  const ptrdiff_t sumSize = sums.row * s.outHeight + MOST_COLUMNS;
  const ptrdiff_t laneSize = padded.size + sumSize;
  float* const scratch = workspace.take(static_cast<std::size_t>(laneSize) * workspace.lanes());
  std::memset(scratch, 0, laneSize * workspace.lanes() * sizeof(float));
  workspace.parallel(groups * blocks.count, [&](int task, int lane) {
    const int group = task / blocks.count, block = task % blocks.count;
    const int first = blocks.first(block);
    float* const input = scratch + laneSize * lane;
    float* const dSums = input + padded.size;
    float* const dW = parts + partSize * group + first;
    for (int image = startOf(group, groups, s.batch); image < startOf(group + 1, groups, s.batch); image++) {
      padded.fill(s, x + image * s.imageSize(), input);
      std::memset(dSums, 0, sumSize * sizeof(float));
      const ptrdiff_t source = image * s.pooledSize() + first;
      of.poolBack(pooled.gradient + source, pooled.values + source, pooled.chosen + source, s.filters, s.relu,
                  blocks.size(block), sums, s.pooling, dSums, dW + static_cast<ptrdiff_t>(taps) * all);
      const int rowBlocks = divideUp(depth, kernels.maxRows);
      for (int ky = 0; ky < s.side; ky++) {
        for (int rowBlock = 0; rowBlock < rowBlocks; rowBlock++) {
          const int row = startOf(rowBlock, rowBlocks, depth);
          const int rows = startOf(rowBlock + 1, rowBlocks, depth) - row;
          const Strided pixels{input + ky * padded.row + row, 1, s.channels, padded.row};
          for (int column = 0; column < blocks.width(block); column += kernels.panel) {
            of.products[rows](pixels, dSums + column, sums.pixel, s.outWidth, s.outHeight,
                              dW + static_cast<ptrdiff_t>(ky * depth + row) * all + column, all, true);
          }
        }
      }
    }
  });
  addParts(workspace, kernels, parts, groups, partSize);
  updateRows(kernels, training, training.W, 0, s.filters, parts, all, taps, s.filters, training.scalars);
  updateBiases(kernels, training, parts + static_cast<ptrdiff_t>(taps) * all, s.filters);
}

}  // namespace ops
