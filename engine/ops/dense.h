// A dense layer forward and backward: y = f(x W + b), and the gradients and updates of x, W and b in one pass over W.
#pragma once

#include "simd.h"

namespace ops {

/** Matrices row after row: x is batch x inputs, W inputs x outputs, y and its gradient batch x outputs. */
struct DenseShape {
  int batch;
  int inputs;
  int outputs;
  /** f is a rectifier, else the identity. */
  bool relu;
};

/** y = f(x W + b). */
void denseForward(const Kernels& kernels, const DenseShape& shape, const float* x, const float* W, const float* b,
                  float* y);

/** Weights of a layer and what its optimizer keeps of each: all of one shape, changed in place. */
struct Trained {
  float* values;
  float* slots[2];
};

/**
 * From the gradient of y: writes that of x (where `dx` is not null) and updates W and b, whose gradients are never written to memory.
 * The bytes are the same for any number of threads.
 */
void denseBackward(const Kernels& kernels, const DenseShape& shape, const float* dy, const float* y, const float* x,
                   const Trained& W, const Trained& b, Rule rule, const UpdateScalars& scalars, float* dx);

}  // namespace ops
