#include "implicitQL.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

namespace linalg {
namespace {

constexpr std::size_t BUFFERED_SWEEPS = 32;
constexpr double EPSILON = std::numeric_limits<double>::epsilon();

/** One sweep from m down to l; returns the index of its last rotation, `l` unless an underflow split the matrix. */
int qlSweep(double* d, double* e, int l, int m, double* cosines, double* sines) {
  double g = (d[l + 1] - d[l]) / (2 * e[l]);
  const double shift = std::hypot(g, 1.0);
  g = d[m] - d[l] + e[l] / (g + (g < 0 ? -shift : shift));
  double s = 1;
  double c = 1;
  double p = 0;
  for (int i = m - 1; i >= l; i--) {
    const double f = s * e[i];
    const double b = c * e[i];
    const double r = std::sqrt(f * f + g * g);
    e[i + 1] = r;
    if (r == 0) {
      d[i + 1] -= p;
      e[m] = 0;
      return i + 1;
    }
    const double inverse = 1 / r;
    s = f * inverse;
    c = g * inverse;
    g = d[i + 1] - p;
    const double t = (d[i] - g) * s + 2 * c * b;
    p = s * t;
    d[i + 1] = g + p;
    g = c * t - b;
    cosines[i] = c;
    sines[i] = s;
  }
  d[l] -= p;
  e[l] = g;
  e[m] = 0;
  return l;
}

}  // namespace

void implicitQL(std::vector<double>& d, std::vector<double>& e, const std::function<void(const Rotations&)>& apply) {
  const int n = static_cast<int>(d.size());
  std::copy(e.begin() + 1, e.end(), e.begin());
  e[n - 1] = 0;
  double norm = 0;
  for (int i = 0; i < n; i++) norm = std::max(norm, std::fabs(d[i]) + std::fabs(e[i]));
  const double negligible = norm * EPSILON * EPSILON;
  Rotations rotations;
  rotations.cosines.resize(BUFFERED_SWEEPS * n);
  rotations.sines.resize(BUFFERED_SWEEPS * n);
  const auto flush = [&] {
    if (!rotations.sweeps.empty()) apply(rotations);
    rotations.sweeps.clear();
  };
  for (int l = 0; l < n; l++) {
    for (int sweep = 0;; sweep++) {
      int m = l;
      while (m < n - 1) {
        const double coupling = std::fabs(e[m]);
        if (coupling <= negligible) break;
        if (coupling <= EPSILON * (std::fabs(d[m]) + std::fabs(d[m + 1]))) break;
        m++;
      }
      if (m == l) break;
      if (sweep == MAX_SWEEPS) {
        throw std::runtime_error("eigenvalue " + std::to_string(l) + " of " + std::to_string(n) + " did not converge");
      }
      if (rotations.sweeps.size() == BUFFERED_SWEEPS) flush();
      const std::size_t offset = rotations.sweeps.size() * n;
      const int first =
          qlSweep(d.data(), e.data(), l, m, rotations.cosines.data() + offset, rotations.sines.data() + offset);
      rotations.sweeps.push_back({first, m - 1, offset});
    }
  }
  flush();
}

}  // namespace linalg
