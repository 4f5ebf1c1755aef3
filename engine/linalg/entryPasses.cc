#include "entryPasses.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "interrupt.h"
#include "parallel.h"

namespace linalg {
namespace {

/** Entries that are summed by themselves before their sum is added: src/spectra/linalg/entryPasses.ts has as many. */
constexpr std::size_t SUMMED_TOGETHER = std::size_t{1} << 16;
EntrySums sumsOf(const float* W, std::size_t count, double limit) { return kernels().sumsOfFloats(W, count, limit); }
EntrySums sumsOf(const double* W, std::size_t count, double limit) { return kernels().sumsOfDoubles(W, count, limit); }

/** Entries that are looked at together. Most such groups have no size above the limit. */
constexpr std::size_t GROUP = 8;

/** Returns the largest number of T that is at most `limit`, so that a value of T is above one as it is above the other. */
template <typename T>
T roundedDown(double limit) {
  const T rounded = static_cast<T>(limit);
  return rounded > limit ? std::nextafter(rounded, -std::numeric_limits<T>::infinity()) : rounded;
}

template <typename T>
void appendSizes(const T* W, std::size_t count, double limit, std::vector<double>& sizes) {
  const T least = roundedDown<T>(limit);
  std::size_t i = 0;
  for (; i + GROUP <= count; i += GROUP) {
    int any = 0;
    for (std::size_t j = 0; j < GROUP; j++) any |= std::fabs(W[i + j]) > least;
    if (any == 0) continue;
    for (std::size_t j = 0; j < GROUP; j++) {
      if (std::fabs(W[i + j]) > least) sizes.push_back(std::fabs(W[i + j]));
    }
  }
  for (; i < count; i++) {
    if (std::fabs(W[i]) > least) sizes.push_back(std::fabs(W[i]));
  }
}

/** Entries of one matrix that a thread takes at a time. */
struct Piece {
  int matrix;
  std::size_t start;
  std::size_t count;
};

std::vector<Piece> piecesOf(const std::vector<Matrix>& matrices) {
  std::vector<Piece> pieces;
  for (int i = 0; i < static_cast<int>(matrices.size()); i++) {
    const std::size_t length = static_cast<std::size_t>(matrices[i].rows) * matrices[i].cols;
    for (std::size_t start = 0; start < length; start += SUMMED_TOGETHER) {
      pieces.push_back({i, start, std::min(SUMMED_TOGETHER, length - start)});
    }
  }
  return pieces;
}

/** Calls `take(pointer to the first entry, how many, piece)` for each piece, on `threads` threads. */
template <typename Take>
void eachPiece(const std::vector<Matrix>& matrices, const std::vector<Piece>& pieces, int threads, Take take) {
  parallel(static_cast<int>(pieces.size()), threads, [&](int p) {
    checkInterrupt();
    const auto [matrix, start, count] = pieces[p];
    const Matrix& W = matrices[matrix];
    if (W.floats != nullptr) take(W.floats + start, count, p);
    else take(W.doubles + start, count, p);
  });
}

}  // namespace

std::vector<EntrySums> entrySums(const std::vector<Matrix>& matrices, double limit, int threads) {
  const std::vector<Piece> pieces = piecesOf(matrices);
  std::vector<EntrySums> parts(pieces.size());
  eachPiece(matrices, pieces, threads, [&](const auto* W, std::size_t count, int p) { parts[p] = sumsOf(W, count, limit); });
  std::vector<EntrySums> sums(matrices.size());
  for (std::size_t p = 0; p < pieces.size(); p++) {
    EntrySums& all = sums[pieces[p].matrix];
    all.nonZero += parts[p].nonZero;
    all.above += parts[p].above;
    all.below += parts[p].below;
    all.fourthPowers += parts[p].fourthPowers;
    all.largestSquare = std::max(all.largestSquare, parts[p].largestSquare);
  }
  return sums;
}

std::vector<double> sizesAbove(const std::vector<Matrix>& matrices, double limit, int threads) {
  const std::vector<Piece> pieces = piecesOf(matrices);
  std::vector<std::vector<double>> parts(pieces.size());
  eachPiece(matrices, pieces, threads,
            [&](const auto* W, std::size_t count, int p) { appendSizes(W, count, limit, parts[p]); });
  std::vector<double> sizes;
  for (const std::vector<double>& part : parts) sizes.insert(sizes.end(), part.begin(), part.end());
  return sizes;
}

}  // namespace linalg
