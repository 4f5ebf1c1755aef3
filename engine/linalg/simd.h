// Arithmetic kernels of the eigenvalue solver, compiled for each instruction set and chosen when the module is loaded: an engine
// folder may be shared by machines of several kinds.
#pragma once

#include <cstddef>

namespace linalg {

constexpr int TILE_PANELS = 3;

/** Columns of a packed panel and the kernels for one instruction set. */
struct Kernels {
  int panel;
  /**
   * Adds a^T b to c, rows `ld` apart, where a is a packed panel of `depth` rows and b TILE_PANELS such panels one after another: a tile
   * of `panel` rows and TILE_PANELS times as many columns.
   */
  void (*tile)(const double* a, const double* b, int depth, double* c, std::ptrdiff_t ld);
  /** p = A u for the leading n x n part of a symmetric matrix of which the lower triangle is read. */
  void (*symmetricProduct)(const double* A, std::ptrdiff_t ld, int n, const double* u, double* p);
  double (*dot)(const double* x, const double* y, int n);
  /** p -= a v + b w. */
  void (*subtractTwo)(double* p, double a, const double* v, double b, const double* w, int n);
  /** Rows in lanes: entry k of the eight rows of a block is block[8 k .. 8 k + 7]. Reflects them by I - beta u u^T. */
  void (*reflectEight)(double* block, const double* u, int n, double beta);
  /** Rotates columns i and i + 1 of eight rows for i = last .. first. */
  void (*rotateEight)(double* block, const double* cosines, const double* sines, int first, int last);
};

constexpr int ROWS_IN_LANES = 8;

/** Returns the kernels for this processor. */
const Kernels& kernels();

}  // namespace linalg
