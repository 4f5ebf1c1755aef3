#pragma once

#include "simd.h"

namespace ops {

/** Makes the operators known to TensorFlow, once in a process and before a graph has them; throws std::runtime_error if it refuses. */
void registerOperators();

/** The part of them that convolves. */
void registerConvolutions();

/** The kernels that the operators compute with; must be set before they run. */
void useKernels(const Kernels& kernels);

}  // namespace ops
