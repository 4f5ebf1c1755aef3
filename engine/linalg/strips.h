#pragma once

#include <cstddef>

#include "alignedVector.h"

namespace linalg {

/** A matrix of few columns cut into strips: row after row of the first `strip` columns, then of the next. */
class Strips {
 public:
  Strips(std::ptrdiff_t rows, int columns, int strip) : rows_(rows), strip_(strip), values_(rows * columns) {}

  double* at(int strip, std::ptrdiff_t row) { return values_.data() + (strip * rows_ + row) * strip_; }
  double& value(std::ptrdiff_t row, int column) { return at(column / strip_, row)[column % strip_]; }

 private:
  std::ptrdiff_t rows_;
  int strip_;
  AlignedVector values_;
};

}  // namespace linalg
