#include "bulgeChasing.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <thread>
#include <vector>

#include "interrupt.h"
#include "parallel.h"
#include "simd.h"

namespace linalg {
namespace {

/** Sweeps that one thread leads down the band together: the part of the band they meet fits a second-level cache. */
constexpr int MOST_TOGETHER = 8;
constexpr double NO_SQUARE = 1e-280;
constexpr int SPINS = 200;

/** I - beta v v^T. */
struct Reflector {
  AlignedVector v;
  double beta = 0;
};

/**
 * Makes `count` entries from `x` on the reflector that takes them to a multiple of the first unit vector; returns the multiple. Scaled
 * so that beta is about 1: its square meets entries of any size.
 */
double reflectorOf(double* x, int count, double& beta) {
  double squares = 0;
  for (int i = 0; i < count; i++) squares += x[i] * x[i];
  if (squares < NO_SQUARE) {
    std::fill_n(x, count, 0.0);
    beta = 0;
    return 0;
  }
  const double norm = std::sqrt(squares);
  const double target = x[0] > 0 ? -norm : norm;
  beta = squares / (squares - x[0] * target);
  x[0] -= target;
  for (int i = 0; i < count; i++) x[i] /= norm;
  return target;
}

class Chase {
 public:
  Chase(Band& band, int threads)
      : band_(band),
        threads_(threads),
        sweeps_(std::max(0, band.n - 2)),
        together_(std::max(1, std::min(MOST_TOGETHER, steps(0) / (2 * threads)))),
        groups_((sweeps_ + together_ - 1) / together_),
        done_(groups_),
        form_{std::vector<double>(band.n), std::vector<double>(band.n), {}} {}

  Tridiagonal run() {
    parallel(groups_, threads_, [&](int group) {
      try {
        lead(group);
      } catch (...) {
        failed_ = true;
        throw;
      }
    });
    const int n = band_.n;
    for (int i = std::max(0, n - 2); i < n; i++) form_.diagonal[i] = entry(i, i);
    if (n > 1) form_.offDiagonal[n - 1] = entry(n - 1, n - 2);
    return std::move(form_);
  }

 private:
  /** Steps of a sweep: as long as there are two rows to reflect. */
  int steps(int sweep) const { return std::max(0, (band_.n - 2 - sweep + band_.width - 1) / band_.width); }
  double& entry(std::ptrdiff_t i, std::ptrdiff_t j) { return band_.values[j * band_.ld + i]; }

  /** Leads the sweeps of a group down the band, each one step behind the one before it. */
  void lead(int group) {
    const int first = group * together_;
    const int count = std::min(together_, sweeps_ - first);
    std::vector<Reflector> reflectors(count);
    for (Reflector& reflector : reflectors) reflector.v.resize(2 * band_.width + BAND_STEP_ROOM);
    Reflector next;
    next.v.resize(2 * band_.width + BAND_STEP_ROOM);
    AlignedVector w(2 * band_.width + BAND_STEP_ROOM);
    const int rounds = steps(first) + count - 1;
    checkInterrupt();
    for (int round = 0; round < rounds; round++) {
      if (group > 0) await(group - 1, std::min(round + 2, steps(first - 1)));
      if (failed_) return;
      for (int i = 0; i < count; i++) {
        const int step = round - i;
        if (step < 0 || step >= steps(first + i)) continue;
        if (step == 0) begin(first + i, reflectors[i]);
        advance(first + i, step, reflectors[i], next, w.data());
        if (i == count - 1) done_[group].store(step + 1, std::memory_order_release);
      }
    }
  }

  /** Waits until the last sweep of a group has done its first `count` steps. */
  void await(int group, int count) {
    for (int spins = 0; done_[group].load(std::memory_order_acquire) < count; spins++) {
      if (failed_) return;
      if (spins > SPINS) std::this_thread::yield();
    }
  }

  /** Takes the reflector of a sweep's own column, which is then done. */
  void begin(int sweep, Reflector& reflector) {
    const int offset = (sweep + 1) % lanes_;
    form_.diagonal[sweep] = entry(sweep, sweep);
    std::fill(reflector.v.begin(), reflector.v.end(), 0.0);
    std::copy_n(&entry(sweep + 1, sweep), band_.width, reflector.v.data() + offset);
    form_.offDiagonal[sweep + 1] = reflectorOf(reflector.v.data() + offset, band_.width, reflector.beta);
  }

  /** Applies the reflector to `width` rows and columns, and leaves the one that removes the first column of the bulge. */
  void advance(int sweep, int step, Reflector& reflector, Reflector& next, double* w) {
    const int width = band_.width;
    const int first = sweep + 1 + step * width;
    const int offset = first % lanes_;
    const BandStep at{&entry(first - offset, first), band_.ld, width, offset};
    const double* v = reflector.v.data();
    cpu_.bandProduct(at, v, w);
    const int end = offset + 2 * width;
    double dot = 0;
    for (int i = offset; i < offset + width; i++) dot += w[i] * v[i];
    const double half = 0.5 * reflector.beta * reflector.beta * dot;
    for (int i = 0; i < end; i++) w[i] = reflector.beta * w[i] - half * v[i];

    double* below = next.v.data() + offset;
    std::fill(next.v.begin(), next.v.end(), 0.0);
    for (int i = 0; i < width; i++) below[i] = at.columns[offset + width + i] - v[offset] * w[offset + width + i];
    const double target = reflectorOf(below, width, next.beta);
    cpu_.bandUpdate(at, v, w, next.v.data(), next.beta);
    at.columns[offset + width] = target;
    std::fill_n(at.columns + offset + width + 1, width - 1, 0.0);
    std::swap(reflector, next);
  }

  /** Beside 2 width rows: up to a whole vector before and after. */
  static constexpr int BAND_STEP_ROOM = 16;

  const Kernels& cpu_ = kernels();
  const int lanes_ = cpu_.lanes;
  Band& band_;
  const int threads_;
  const int sweeps_;
  const int together_;
  const int groups_;
  /** Steps of the last sweep of each group. */
  std::vector<std::atomic<int>> done_;
  std::atomic<bool> failed_{false};
  Tridiagonal form_;
};

}  // namespace

Tridiagonal chaseBulges(Band& band, int threads) { return Chase(band, threads).run(); }

}  // namespace linalg
