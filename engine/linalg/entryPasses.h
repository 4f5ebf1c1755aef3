#pragma once

#include <vector>

#include "gram.h"
#include "simd.h"

namespace linalg {

/** Returns the sums of each matrix. `threads` share the work; the bits do not depend on how many. */
std::vector<EntrySums> entrySums(const std::vector<Matrix>& matrices, double limit, int threads);

/** Returns the magnitudes larger than `limit` of all matrices, in the order of their entries. */
std::vector<double> sizesAbove(const std::vector<Matrix>& matrices, double limit, int threads);

}  // namespace linalg
