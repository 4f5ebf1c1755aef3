#include "eigen.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "implicitQL.h"
#include "parallel.h"
#include "rootFreeQL.h"
#include "simd.h"
#include "tridiagonalize.h"

namespace linalg {
namespace {

/** Bytes of the Gram matrices that are held at a time; one matrix may have more. */
constexpr std::size_t GRAM_BYTES = std::size_t{1} << 29;

/** Strips a thread gets on average: enough that none waits long for the last one. */
constexpr int STRIPS_EACH = 2;

struct Strip {
  int matrix;
  int strip;
  int strips;
  double cost;
};

double gramCost(const Matrix& W) {
  const double n = std::min(W.rows, W.cols);
  return n * n * std::max(W.rows, W.cols);
}

std::vector<Gram> gramOfEach(const std::vector<Matrix>& matrices, int threads) {
  const int count = static_cast<int>(matrices.size());
  std::vector<int> exponents(count);
  parallel(count, threads, [&](int i) { exponents[i] = exponentOfLargest(matrices[i]); });
  double total = 0;
  for (const Matrix& W : matrices) total += gramCost(W);
  std::vector<Gram> grams;
  std::vector<Strip> work;
  for (int i = 0; i < count; i++) {
    grams.push_back(emptyGram(matrices[i], exponents[i]));
    const double share = gramCost(matrices[i]) / total * threads * STRIPS_EACH;
    const int strips = std::max(1, std::min(threads, static_cast<int>(std::lround(share))));
    for (int s = 0; s < strips; s++) work.push_back({i, s, strips, gramCost(matrices[i]) / strips});
  }
  std::stable_sort(work.begin(), work.end(), [](const Strip& a, const Strip& b) { return a.cost > b.cost; });
  parallel(static_cast<int>(work.size()), threads, [&](int i) {
    addGramStrip(matrices[work[i].matrix], grams[work[i].matrix], work[i].strip, work[i].strips);
  });
  return grams;
}

/** Undoes the scaling of W in two steps: the square of the scale may leave the range of doubles before the product does. */
double unscaled(double value, int exponent) {
  return std::ldexp(std::ldexp(std::max(0.0, value), exponent), exponent);
}

std::vector<double> eigenvaluesOf(Gram& gram) {
  Tridiagonal form = tridiagonalize(gram);
  rootFreeQL(form.diagonal, form.offDiagonal);
  std::sort(form.diagonal.begin(), form.diagonal.end());
  for (double& value : form.diagonal) value = unscaled(value, gram.exponent);
  return std::move(form.diagonal);
}

/** Q of A = Q T Q^T times the eigenvectors of T: eight rows of it lie in a block, column by column. */
class VectorBlocks {
 public:
  VectorBlocks(const Gram& reflectors, const Tridiagonal& form, int threads)
      : n_(reflectors.n), blocks_((n_ + ROWS_IN_LANES - 1) / ROWS_IN_LANES), threads_(threads) {
    values_.resize(static_cast<std::size_t>(blocks_) * n_ * ROWS_IN_LANES);
    parallel(blocks_, threads_, [&](int b) {
      double* block = at(b);
      for (int r = 0; r < ROWS_IN_LANES; r++) {
        const int row = b * ROWS_IN_LANES + r;
        if (row < n_) block[row * ROWS_IN_LANES + r] = 1;
      }
      for (int i = n_ - 1; i >= 1; i--) {
        if (form.betas[i] == 0) continue;
        kernels().reflectEight(block, reflectors.values.data() + i * reflectors.ld, i, form.betas[i]);
      }
    });
  }

  void rotate(const Rotations& rotations) {
    parallel(blocks_, threads_, [&](int b) {
      for (const Sweep& sweep : rotations.sweeps) {
        if (sweep.last < sweep.first) continue;
        const double* cosines = rotations.cosines.data() + sweep.offset;
        const double* sines = rotations.sines.data() + sweep.offset;
        kernels().rotateEight(at(b), cosines, sines, sweep.first, sweep.last);
      }
    });
  }

  double value(int row, int column) const {
    const std::size_t block = row / ROWS_IN_LANES;
    return values_[(block * n_ + column) * ROWS_IN_LANES + row % ROWS_IN_LANES];
  }

 private:
  double* at(int block) { return values_.data() + static_cast<std::size_t>(block) * n_ * ROWS_IN_LANES; }

  int n_;
  int blocks_;
  int threads_;
  AlignedVector values_;
};

}  // namespace

std::vector<std::vector<double>> eigenvaluesOfEach(const std::vector<Matrix>& matrices, int threads) {
  const auto order = [&] {
    std::vector<int> indices(matrices.size());
    std::iota(indices.begin(), indices.end(), 0);
    const auto n = [&](int i) { return std::min(matrices[i].rows, matrices[i].cols); };
    std::stable_sort(indices.begin(), indices.end(), [&](int a, int b) { return n(a) > n(b); });
    return indices;
  }();
  std::vector<std::vector<double>> found(matrices.size());
  for (std::size_t at = 0; at < order.size();) {
    std::vector<int> group;
    std::vector<Matrix> together;
    std::size_t bytes = 0;
    while (at < order.size()) {
      const Matrix& W = matrices[order[at]];
      const std::size_t n = std::min(W.rows, W.cols);
      if (!group.empty() && bytes + n * n * sizeof(double) > GRAM_BYTES) break;
      bytes += n * n * sizeof(double);
      group.push_back(order[at]);
      together.push_back(W);
      at++;
    }
    std::vector<Gram> grams = gramOfEach(together, threads);
    parallel(static_cast<int>(group.size()), threads, [&](int i) {
      found[group[i]] = eigenvaluesOf(grams[i]);
      grams[i].values = {};
    });
  }
  return found;
}

Eigen eigenvectors(const Matrix& W, int threads) {
  Gram gram = std::move(gramOfEach({W}, threads).front());
  const int n = gram.n;
  Tridiagonal form = tridiagonalize(gram);
  VectorBlocks blocks(gram, form, threads);
  implicitQL(form.diagonal, form.offDiagonal, [&](const Rotations& rotations) { blocks.rotate(rotations); });
  std::vector<int> order(n);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return form.diagonal[a] < form.diagonal[b]; });
  Eigen eigen{std::vector<double>(n), std::vector<double>(static_cast<std::size_t>(n) * n)};
  for (int k = 0; k < n; k++) {
    eigen.values[k] = unscaled(form.diagonal[order[k]], gram.exponent);
    for (int row = 0; row < n; row++) eigen.vectors[static_cast<std::size_t>(k) * n + row] = blocks.value(row, order[k]);
  }
  return eigen;
}

}  // namespace linalg
