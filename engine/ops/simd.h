// Arithmetic kernels of the fused operators, compiled for each instruction set and chosen when the module is loaded.
#pragma once

#include <cstddef>

namespace ops {

/** How weights follow from their gradient; Keras's formulas, as src/train/graphOptimizer.ts writes them with TensorFlow's ops. */
enum class Rule { sgd, momentum, nesterov, adadelta, adam };

/** Numbers of one update. */
struct UpdateScalars {
  float learningRate;
  /** Momentum, Adadelta's rho or Adam's beta1. */
  float decay;
  /** Adam's beta2. */
  float decay2;
  float epsilon;
  /** Added to the gradient is this times the weight. */
  float l2;
};

/** Most rows of a tile, over all instruction sets. */
constexpr int MOST_ROWS = 14;
/** Most columns of a tile, over all instruction sets. */
constexpr int MOST_COLUMNS = 32;

/** c (+)= a^T b for a of `depth` x rows and b of `depth` x panel, both packed row after row; rows of c are `ld` apart. */
using Tile = void (*)(const float* a, const float* b, std::ptrdiff_t depth, float* c, std::ptrdiff_t ld, bool add);

/**
 * Updates `rows` rows of `columns` weights, `ld` apart, and as many of their slots, from gradients that are `gradientLd` apart.
 */
using Update = void (*)(float* weights, float* const* slots, std::ptrdiff_t ld, const float* gradient,
                        std::ptrdiff_t gradientLd, int rows, int columns, const UpdateScalars& scalars);

struct Kernels {
  const char* name;
  /** Floats of a register. */
  int lanes;
  /** Columns of a tile. */
  int panel;
  /** Most rows of a tile. */
  int maxRows;
  /** tiles[r] is the one of r rows. */
  Tile tiles[MOST_ROWS + 1];
  /**
   * target[k * stride + r] = source[r * ld + k] for k < columns and r < rows (at most `lanes`). Each k writes `lanes` values, of
   * which those from `rows` on are zero, in the order of k: with a smaller stride the next overwrites them.
   */
  void (*transpose)(const float* source, std::ptrdiff_t ld, int rows, std::ptrdiff_t columns, float* target,
                    std::ptrdiff_t stride);
  /** target[i] = activation[i] > 0 ? source[i] : 0. */
  void (*maskPositive)(const float* source, const float* activation, std::ptrdiff_t n, float* target);
  /** target = a sum of `parts`, `stride` apart, plus bias, at least `floor`. */
  void (*addBias)(const float* parts, int count, std::ptrdiff_t stride, const float* bias, float floor, int n,
                  float* target);
  /** target += source. */
  void (*add)(const float* source, int n, float* target);
  /** target = bytes * scale - offset. */
  void (*standardize)(const unsigned char* bytes, std::ptrdiff_t n, float scale, float offset, float* target);
  /** target = bytes / divisor. */
  void (*divide)(const unsigned char* bytes, std::ptrdiff_t n, float divisor, float* target);
  /** By Rule. */
  Update updates[5];
};

/** Returns the kernels of that name, or, for null, the best of this processor; null where it has none of them. */
const Kernels* findKernels(const char* name);

}  // namespace ops
