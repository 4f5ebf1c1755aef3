#include "bandReduction.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "interrupt.h"
#include "parallel.h"
#include "simd.h"
#include "strips.h"

namespace linalg {
namespace {

/** Rows of A that are a task of their own: a multiple of every strip, and fixed, because sums are formed by these blocks. */
constexpr int BLOCK_ROWS = 2 * WIDEST_STRIP;
/** Rows of a strip that a first-level cache holds beside the rows they are multiplied with. */
constexpr int DEPTH = 128;
/** Squares below are taken for zero: entries of A are about 1 or more, and 1e-140 of that is far below its rounding. */
constexpr double NO_SQUARE = 1e-280;

class BandReduction {
 public:
  BandReduction(Gram& A, int width, int threads)
      : A_(A),
        width_(width),
        threads_(threads),
        strips_(width / cpu_.strip),
        V_(A.ld, width, cpu_.strip),
        VT_(A.ld, width, cpu_.strip),
        W_(A.ld, width, cpu_.strip),
        half_(width, width, cpu_.strip),
        panel_(A.ld * width),
        left_(2 * A.ld * width),
        right_(2 * A.ld * width),
        T_(width * width),
        products_((A.ld / BLOCK_ROWS + 1) * width * width),
        band_(A.n, width) {}

  Band run() {
    int first = 0;
    if (hasPanel(first)) factor(first);
    for (; hasPanel(first); first += width_) {
      checkInterrupt();
      const int start = first + width_;
      parallel(blocks(start), threads_, [&](int block) { multiply(start, block); });
      correct(blocks(start));
      parallel(blocks(start), threads_, [&](int block) { pack(start, block); });
      // The next panel is factored beside the update of what lies right of it.
      parallel(1 + blocks(start), threads_, [&](int task) {
        if (task > 0) return update(start, blocks(start) - task);
        updatePanel(start);
        if (hasPanel(start)) factor(start);
      });
    }
    for (int j = first; j < A_.n; j++) copyColumn(j, A_.n);
    return std::move(band_);
  }

 private:
  /** Whether columns from `first` on have entries below the band. */
  bool hasPanel(int first) const { return A_.n - (first + width_) >= 2; }
  int padded(int start) const { return (A_.n - start + cpu_.strip - 1) / cpu_.strip * cpu_.strip; }
  int blocks(int start) const { return (A_.n - start + BLOCK_ROWS - 1) / BLOCK_ROWS; }
  double* row(std::ptrdiff_t i) { return A_.values.data() + i * A_.ld; }
  double& bandEntry(std::ptrdiff_t i, std::ptrdiff_t j) { return band_.values[j * band_.ld + i]; }

  void copyColumn(int j, int end) {
    for (int i = j; i < end; i++) bandEntry(i, j) = row(i)[j];
  }

  /** Reduces the panel of columns first .. first + width to R, which goes to the band, and leaves Q = I - V T V^T as V and V T. */
  void factor(int first) {
    const int start = first + width_;
    const int rows = A_.n - start;
    const int count = std::min(width_, rows - 1);
    double* panel = panel_.data();
    for (int i = 0; i < rows; i++) std::copy_n(row(start + i) + first, width_, panel + i * width_);
    for (int j = first; j < start; j++) copyColumn(j, start);

    AlignedVector sums(width_);
    AlignedVector w(width_);
    std::vector<double> betas(width_);
    // The column is x; v = x * scale makes beta about 1, whatever the size of the entries.
    std::vector<double> scales(width_);
    for (int i = 0; i < rows; i++) {
      for (int c = 0; c < width_; c++) sums[c] += panel[i * width_] * panel[i * width_ + c];
    }
    for (int j = 0; j < count; j++) {
      double* top = panel + j * width_;
      const double norm = std::sqrt(sums[j]);
      const bool none = sums[j] < NO_SQUARE;
      const double target = none ? 0 : top[j] > 0 ? -norm : norm;  // the sign that avoids cancellation
      betas[j] = none ? 0 : sums[j] / (sums[j] - top[j] * target);
      scales[j] = none ? 0 : 1 / norm;
      bandEntry(start + j, first + j) = target;
      top[j] -= target;
      for (int c = 0; c < width_; c++) w[c] = c <= j ? 0 : betas[j] * scales[j] * (sums[c] - target * top[c]);
      std::fill(sums.begin(), sums.end(), 0.0);
      for (int c = j + 1; c < width_; c++) top[c] -= top[j] * scales[j] * w[c];
      if (j + 1 < width_) cpu_.reflectPanel(panel, width_, j + 1, rows, j, scales[j], w.data(), sums.data());
    }
    for (int j = 0; j < width_; j++) {
      for (int i = 0; i < std::min(j, rows); i++) {
        bandEntry(start + i, first + j) = panel[i * width_ + j];
        panel[i * width_ + j] = 0;
      }
      // a panel of few rows: what is left needs no reflection
      if (j >= count && j < rows) bandEntry(start + j, first + j) = std::exchange(panel[j * width_ + j], 0);
    }
    packReflectors(scales, rows, padded(start));
    triangle(betas, padded(start));
    for (int i = 0; i < padded(start); i += cpu_.lanes) {
      for (int s = 0; s < strips_; s++) {
        std::fill_n(VT_.at(s, i), cpu_.lanes * cpu_.strip, 0.0);
        for (int k = 0; k < strips_; k++) addTile(V_, k, i, half_.at(s, k * cpu_.strip), cpu_.strip, VT_.at(s, i));
      }
    }
  }

  void packReflectors(const std::vector<double>& scales, int rows, int rowsPadded) {
    for (int s = 0; s < strips_; s++) {
      for (int i = 0; i < rows; i++) {
        const double* from = panel_.data() + i * width_ + s * cpu_.strip;
        for (int c = 0; c < cpu_.strip; c++) V_.at(s, i)[c] = from[c] * scales[s * cpu_.strip + c];
      }
      std::fill(V_.at(s, rows), V_.at(s, rowsPadded), 0.0);
    }
  }

  /** T of Q = I - V T V^T, upper triangular; also in strips. */
  void triangle(const std::vector<double>& betas, int rows) {
    AlignedVector squares(width_ * width_);
    addProduct(V_, V_, 0, rows, squares.data());
    std::fill(T_.begin(), T_.end(), 0.0);
    for (int j = 0; j < width_; j++) {
      for (int i = 0; i < j; i++) {
        double sum = 0;
        for (int k = i; k < j; k++) sum += T_[i * width_ + k] * squares[k * width_ + j];
        T_[i * width_ + j] = -betas[j] * sum;
      }
      T_[j * width_ + j] = betas[j];
    }
    for (int i = 0; i < width_; i++) {
      for (int j = 0; j < width_; j++) half_.value(i, j) = T_[i * width_ + j];
    }
  }

  /** Adds strip k of `lanes` rows of X, times `depth` rows of a strip of the other factor, to a strip. */
  void addTile(Strips& X, int k, int i, const double* strip, int depth, double* to) {
    cpu_.tile({X.at(k, i), cpu_.strip, 1}, strip, depth, to, cpu_.strip);
  }

  /** Adds X^T Y of the rows from `begin` on to a width x width matrix. */
  void addProduct(Strips& X, Strips& Y, int begin, int rows, double* to) {
    for (int s = 0; s < strips_; s++) {
      for (int c = 0; c < width_; c += cpu_.lanes) {
        const Factor columns{&X.value(begin, c), 1, cpu_.strip};
        cpu_.tile(columns, Y.at(s, begin), rows, to + c * width_ + s * cpu_.strip, width_);
      }
    }
  }

  /** Rows of Y = A V T of a block, into W, and its part of V^T Y. */
  void multiply(int start, int block) {
    const int begin = block * BLOCK_ROWS;
    const int end = std::min(begin + BLOCK_ROWS, padded(start));
    const int all = padded(start);
    for (int s = 0; s < strips_; s++) std::fill(W_.at(s, begin), W_.at(s, end), 0.0);
    const auto add = [&](const double* from, std::ptrdiff_t rowStride, std::ptrdiff_t depthStride, int k, int depth) {
      for (int s = 0; s < strips_; s++) {
        for (int i = begin; i < end; i += cpu_.lanes) {
          cpu_.tile({from + (i - begin) * rowStride, rowStride, depthStride}, VT_.at(s, k), depth, W_.at(s, i), cpu_.strip);
        }
      }
    };
    for (int k = 0; k < begin; k += DEPTH) add(row(start + begin) + start + k, A_.ld, 1, k, std::min(DEPTH, begin - k));
    AlignedVector copy(DEPTH * BLOCK_ROWS);
    for (int i = begin; i < end; i++) {
      for (int k = begin; k < end; k++) {
        copy[(i - begin) * BLOCK_ROWS + k - begin] = k <= i ? row(start + i)[start + k] : row(start + k)[start + i];
      }
    }
    add(copy.data(), BLOCK_ROWS, 1, begin, end - begin);
    for (int k = end; k < all; k += DEPTH) {
      const int depth = std::min(DEPTH, all - k);
      for (int j = 0; j < depth; j++) {
        const double* from = row(start + k + j) + start + begin;
        if (k + j + DEPTH < all) {
          for (int c = 0; c < BLOCK_ROWS; c += 8) __builtin_prefetch(from + DEPTH * A_.ld + c);
        }
        std::copy(from, from + (end - begin), copy.data() + j * BLOCK_ROWS);
      }
      add(copy.data(), 1, BLOCK_ROWS, k, depth);
    }
    double* product = products_.data() + block * width_ * width_;
    std::fill_n(product, width_ * width_, 0.0);
    addProduct(V_, W_, begin, end - begin, product);
  }

  /** -1/2 T^T V^T Y, in strips: V times that, added to Y, makes W of A - V W^T - W V^T. */
  void correct(int blocks) {
    std::vector<double> sum(width_ * width_);
    for (int block = 0; block < blocks; block++) {
      const double* product = products_.data() + block * width_ * width_;
      for (int i = 0; i < width_ * width_; i++) sum[i] += product[i];
    }
    for (int i = 0; i < width_; i++) {
      for (int j = 0; j < width_; j++) {
        double entry = 0;
        for (int k = 0; k <= i; k++) entry += T_[k * width_ + i] * sum[k * width_ + j];
        half_.value(i, j) = -0.5 * entry;
      }
    }
  }

  /** Makes W of Y in a block of rows, and packs both factors of V W^T + W V^T. */
  void pack(int start, int block) {
    const int begin = block * BLOCK_ROWS;
    const int end = std::min(begin + BLOCK_ROWS, padded(start));
    const int depth = 2 * width_;
    for (int i = begin; i < end; i += cpu_.lanes) {
      for (int s = 0; s < strips_; s++) {
        for (int k = 0; k < strips_; k++) addTile(V_, k, i, half_.at(s, k * cpu_.strip), cpu_.strip, W_.at(s, i));
      }
    }
    for (int i = begin; i < end; i++) {
      double* left = left_.data() + static_cast<std::ptrdiff_t>(i / cpu_.lanes) * cpu_.lanes * depth + i % cpu_.lanes;
      double* right = right_.data() + static_cast<std::ptrdiff_t>(i / cpu_.strip) * cpu_.strip * depth + i % cpu_.strip;
      for (int k = 0; k < width_; k++) {
        const double v = V_.value(i, k);
        const double w = W_.value(i, k);
        left[k * cpu_.lanes] = -v;
        left[(width_ + k) * cpu_.lanes] = -w;
        right[k * cpu_.strip] = w;
        right[(width_ + k) * cpu_.strip] = v;
      }
    }
  }

  void updateTile(int start, int i, int q) {
    const int depth = 2 * width_;
    const double* left = left_.data() + static_cast<std::ptrdiff_t>(i) * depth;
    const double* right = right_.data() + static_cast<std::ptrdiff_t>(q) * depth * cpu_.strip;
    cpu_.tile({left, 1, cpu_.lanes}, right, depth, row(start + i) + start + q * cpu_.strip, A_.ld);
  }

  /** The columns of the next panel, and the diagonal block above it. */
  void updatePanel(int start) {
    for (int q = 0; q < strips_; q++) {
      for (int i = q * cpu_.strip; i < padded(start); i += cpu_.lanes) updateTile(start, i, q);
    }
  }

  /** The other columns of a block of rows. */
  void update(int start, int block) {
    const int begin = block * BLOCK_ROWS;
    const int end = std::min(begin + BLOCK_ROWS, padded(start));
    for (int q = strips_; q * cpu_.strip < end; q++) {
      for (int i = std::max(begin, q * cpu_.strip); i < end; i += cpu_.lanes) updateTile(start, i, q);
    }
  }

  const Kernels& cpu_ = kernels();
  Gram& A_;
  const int width_;
  const int threads_;
  const int strips_;
  Strips V_;
  Strips VT_;
  /** First Y, then W. */
  Strips W_;
  /** A width x width factor. */
  Strips half_;
  AlignedVector panel_;
  AlignedVector left_;
  AlignedVector right_;
  AlignedVector T_;
  /** V^T Y of each block. */
  AlignedVector products_;
  Band band_;
};

/** Room for the rows of a step on both sides, in whole vectors, and for the four columns that are taken together. */
constexpr int BAND_MARGIN = 24;

}  // namespace

Band::Band(int n, int width)
    : n(n), width(width), ld(2 * width + BAND_MARGIN), values((n + width + BAND_MARGIN) * (ld + 1)) {}

Band reduceToBand(Gram& A, int width, int threads) { return BandReduction(A, width, threads).run(); }

}  // namespace linalg
