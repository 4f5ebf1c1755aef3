// Convolutions of stride 1 with bias, rectifier and pooling in one pass, and back in one pass that updates the weights.
#pragma once

#include "convolutionSimd.h"
#include "dense.h"

namespace ops {

/** x is batch x height x width x channels, the kernel side x side x channels x filters; all row after row. */
struct ConvolutionShape {
  int batch;
  int height;
  int width;
  int channels;
  int filters;
  int side;
  /** Zeros above and left of the image. */
  int pad;
  /** Of the sums, before they are pooled. */
  int outHeight;
  int outWidth;
  Pooling pooling;
  bool relu;

  std::ptrdiff_t imageSize() const { return static_cast<std::ptrdiff_t>(height) * width * channels; }
  std::ptrdiff_t pooledSize() const {
    return static_cast<std::ptrdiff_t>(pooling.outHeight) * pooling.outWidth * filters;
  }
};

/** What the forward pass gives: pooled values, and which place of its window each came from. */
struct Pooled {
  float* values;
  int* chosen;
};

/** What the pass back starts from: the gradient of the pooled values, and what the forward pass gave. */
struct PooledGradient {
  const float* gradient;
  const float* values;
  const int* chosen;
};

/** How W and b follow from their gradients. */
struct Training {
  Trained W;
  Trained b;
  Rule rule;
  UpdateScalars scalars;
};

/** By the definition; fast where a kernel has few channels. The bytes of all four are the same for any number of threads. */
void directForward(const Kernels& kernels, const ConvolutionShape& shape, const float* x, const float* W,
                   const float* b, const Pooled& pooled);

/** Updates W and b; there is no gradient of x. */
void directBackward(const Kernels& kernels, const ConvolutionShape& shape, const PooledGradient& pooled, const float* x,
                    const Training& training);

/** The matrices of Winograd's minimal filtering of kernels of 5 by tiles of 9 (src/train/step/winogradMatrices.ts), row after row. */
struct WinogradMatrices {
  static constexpr int SIDE = 5;
  static constexpr int TILE = 9;
  static constexpr int OUTPUTS = TILE - SIDE + 1;
  float Bt[TILE * TILE], B[TILE * TILE];
  float G[TILE * SIDE], Gt[SIDE * TILE];
  float At[OUTPUTS * TILE], A[TILE * OUTPUTS];
};

/** By multiplying transformed tiles: kernels of 5 x 5. */
void winogradForward(const Kernels& kernels, const ConvolutionShape& shape, const WinogradMatrices& matrices,
                     const float* x, const float* W, const float* b, const Pooled& pooled);

/** Writes the gradient of x, where `dx` is not null, and updates W and b. */
void winogradBackward(const Kernels& kernels, const ConvolutionShape& shape, const WinogradMatrices& matrices,
                      const PooledGradient& pooled, const float* x, const Training& training, float* dx);

}  // namespace ops
