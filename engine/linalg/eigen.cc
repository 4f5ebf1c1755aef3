#include "eigen.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "bulgeChasing.h"
#include "implicitQL.h"
#include "parallel.h"
#include "rootFreeQL.h"
#include "simd.h"
#include "tridiagonalize.h"

namespace linalg {
namespace {

/** Bytes of the Gram matrices of smaller matrices that are held at a time; one may have more. */
constexpr std::size_t GRAM_BYTES = std::size_t{1} << 26;

/** Parts of Gram matrices that a thread gets on average: enough that none waits long for the last one. */
constexpr int PARTS_EACH = 2;

struct Part {
  int matrix;
  int part;
  int parts;
  double cost;
};

double gramCost(const Matrix& W) {
  const double n = std::min(W.rows, W.cols);
  return n * n * std::max(W.rows, W.cols);
}

std::vector<Gram> gramOfEach(const std::vector<Matrix>& matrices, int threads) {
  const int count = static_cast<int>(matrices.size());
  const std::vector<int> exponents = exponentsOf(matrices, threads);
  double total = 0;
  for (const Matrix& W : matrices) total += gramCost(W);
  std::vector<Gram> grams;
  std::vector<Part> work;
  for (int i = 0; i < count; i++) {
    grams.push_back(emptyGram(matrices[i], exponents[i]));
    const double share = gramCost(matrices[i]) / total * threads * PARTS_EACH;
    const int parts = std::max(1, std::min(threads, static_cast<int>(std::lround(share))));
    for (int p = 0; p < parts; p++) work.push_back({i, p, parts, gramCost(matrices[i]) / parts});
  }
  std::stable_sort(work.begin(), work.end(), [](const Part& a, const Part& b) { return a.cost > b.cost; });
  parallel(static_cast<int>(work.size()), threads, [&](int i) {
    addGramPart(matrices[work[i].matrix], grams[work[i].matrix], work[i].part, work[i].parts);
  });
  return grams;
}

/** Undoes the scaling of W in two steps: the square of the scale may leave the range of doubles before the product does. */
double unscaled(double value, int exponent) {
  return std::ldexp(std::ldexp(std::max(0.0, value), exponent), exponent);
}

int side(const Matrix& W) { return std::min(W.rows, W.cols); }

std::vector<double> eigenvaluesOf(Tridiagonal form, int exponent) {
  rootFreeQL(form.diagonal, form.offDiagonal);
  std::sort(form.diagonal.begin(), form.diagonal.end());
  for (double& value : form.diagonal) value = unscaled(value, exponent);
  return std::move(form.diagonal);
}

/** A tridiagonal matrix with the eigenvalues of the Gram matrix of W * 2^-exponent. */
struct Reduced {
  Tridiagonal form;
  int exponent;
};

Reduced reduceInTwoStages(const Matrix& W, int threads, int width) {
  Gram gram = std::move(gramOfEach({W}, threads).front());
  Band band = reduceToBand(gram, width, threads);
  gram.values = {};
  return {chaseBulges(band, threads), gram.exponent};
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

std::vector<std::vector<double>> eigenvaluesOfEach(const std::vector<Matrix>& matrices, int threads, TwoStage twoStage) {
  std::vector<int> order(matrices.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return side(matrices[a]) > side(matrices[b]); });
  std::vector<std::vector<double>> found(matrices.size());
  std::size_t at = 0;
  std::vector<Reduced> large;
  for (; at < order.size() && side(matrices[order[at]]) >= twoStage.from; at++) {
    large.push_back(reduceInTwoStages(matrices[order[at]], threads, twoStage.width));
  }
  parallel(static_cast<int>(large.size()), threads, [&](int i) {
    found[order[i]] = eigenvaluesOf(std::move(large[i].form), large[i].exponent);
  });
  while (at < order.size()) {
    std::vector<int> group;
    std::vector<Matrix> together;
    std::size_t bytes = 0;
    for (; at < order.size(); at++) {
      const Matrix& W = matrices[order[at]];
      const std::size_t gramBytes = sizeof(double) * side(W) * side(W);
      if (!group.empty() && bytes + gramBytes > GRAM_BYTES) break;
      bytes += gramBytes;
      group.push_back(order[at]);
      together.push_back(W);
    }
    std::vector<Gram> grams = gramOfEach(together, threads);
    parallel(static_cast<int>(group.size()), threads, [&](int i) {
      found[group[i]] = eigenvaluesOf(tridiagonalize(grams[i]), grams[i].exponent);
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
