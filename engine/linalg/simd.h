// Arithmetic kernels of the eigenvalue solver, compiled for each instruction set and chosen when the module is loaded: an engine
// folder may be shared by machines of several kinds.
#pragma once

#include <cstddef>

namespace linalg {

/** Vectors side by side in a tile, and so in a strip of a packed matrix. */
constexpr int TILE_VECTORS = 3;
/** Columns of the widest strip: every matrix that is cut into strips is padded to a multiple of it, whatever the kernels. */
constexpr int WIDEST_STRIP = 8 * TILE_VECTORS;

/** A factor of a product as it lies: entry (row, k) is values[row * rowStride + k * depthStride]. */
struct Factor {
  const double* values;
  std::ptrdiff_t rowStride;
  std::ptrdiff_t depthStride;
};

/**
 * One step of a sweep that turns a band into a tridiagonal matrix (bulgeChasing.cc). `columns` is entry (start, first) of the band, column
 * by column `ld` apart, where `start` is `first` rounded down to a whole vector and `offset` = first - start.
 */
struct BandStep {
  double* columns;
  std::ptrdiff_t ld;
  int width;
  int offset;
};

/** What one pass over the entries of a matrix counts: src/spectra/linalg/entryPasses.ts. */
struct EntrySums {
  double nonZero = 0;
  double above = 0;
  double below = 0;
  double fourthPowers = 0;
  double largestSquare = 0;
};

/** The kernels for one instruction set. */
struct Kernels {
  /** Doubles of a vector, and rows of a tile. */
  int lanes;
  /** Columns of a tile. Strips are packed: all their rows, each of `strip` entries, one after another. */
  int strip;
  /** Adds a b to c, rows `ld` apart, for `lanes` rows of a and one strip b of `depth` rows. */
  void (*tile)(Factor a, const double* b, int depth, double* c, std::ptrdiff_t ld);
  /** p = A u for the leading n x n part of a symmetric matrix of which the lower triangle is read. */
  void (*symmetricProduct)(const double* A, std::ptrdiff_t ld, int n, const double* u, double* p);
  double (*dot)(const double* x, const double* y, int n);
  /** p -= a v + b w. */
  void (*subtractTwo)(double* p, double a, const double* v, double b, const double* w, int n);
  /** Rows in lanes: entry k of the eight rows of a block is block[8 k .. 8 k + 7]. Reflects them by I - beta u u^T. */
  void (*reflectEight)(double* block, const double* u, int n, double beta);
  /** Rotates columns i and i + 1 of eight rows for i = last .. first. */
  void (*rotateEight)(double* block, const double* cosines, const double* sines, int first, int last);
  /**
   * Reflects rows `begin` .. of a row-major panel, `width` entries a row, by v w^T: row -= row[column] * scale * w. Adds x row to
   * `sums` for each of the new rows, where x is its entry in the next column.
   */
  void (*reflectPanel)(double* panel, int width, int begin, int rows, int column, double scale, const double* w,
                       double* sums);
  /** y = A v for the `width` columns of the step: v and y, `offset` entries before the first, hold 2 width rows of which v fills width. */
  void (*bandProduct)(const BandStep& step, const double* v, double* y);
  /** Subtracts v w^T + w v^T, then reflects the rows below the first `width` by I - beta u u^T. */
  void (*bandUpdate)(const BandStep& step, const double* v, const double* w, const double* u, double beta);
  /** The sums of `count` entries, those above `limit` left out. */
  EntrySums (*sumsOfFloats)(const float* W, std::ptrdiff_t count, double limit);
  EntrySums (*sumsOfDoubles)(const double* W, std::ptrdiff_t count, double limit);
};

constexpr int ROWS_IN_LANES = 8;

/** Returns the kernels for this processor. */
const Kernels& kernels();

}  // namespace linalg
