#include "rootFreeQL.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

#include "implicitQL.h"

namespace linalg {
namespace {

constexpr double EPSILON = std::numeric_limits<double>::epsilon();
/** Products between them, their inverses and those times a square of an entry stay in the range of float64. */
constexpr double SMALLEST = 1e-200;
constexpr double LARGEST = 1e200;

void sweepSquares(double* d, double* squares, int l, int m) {
  const double coupling = std::sqrt(squares[l]);
  const double half = (d[l + 1] - d[l]) / (2 * coupling);
  const double root = std::hypot(half, 1.0);
  const double shift = d[l] - coupling / (half + (half < 0 ? -root : root));
  double c = 1;
  double s = 0;
  double gamma = d[m] - shift;
  double p = gamma * gamma;
  for (int i = m - 1; i >= l; i--) {
    const double square = squares[i];
    const double r = p + square;
    if (i < m - 1) squares[i + 1] = s * r;
    const double gammaBefore = gamma;
    const double both = r * p;
    if (both > SMALLEST && both < LARGEST) {
      // c = p / r, s = square / r and p = gamma^2 / c with one division: every step waits for that of the step before.
      const double inverse = 1 / both;
      const double ofR = p * inverse;
      const double turned = p * (d[i] - shift) - square * gammaBefore;
      c = p * ofR;
      s = square * ofR;
      gamma = turned * ofR;
      p = turned * turned * inverse;
    } else {
      const double cBefore = c;
      c = p / r;
      s = square / r;
      gamma = c * (d[i] - shift) - s * gammaBefore;
      p = c == 0 ? cBefore * square : gamma * gamma / c;
    }
    d[i + 1] = gammaBefore + (d[i] - gamma);
  }
  squares[l] = s * p;
  d[l] = shift + gamma;
}

}  // namespace

void rootFreeQL(std::vector<double>& d, std::vector<double>& e) {
  const int n = static_cast<int>(d.size());
  std::copy(e.begin() + 1, e.end(), e.begin());
  e[n - 1] = 0;
  double norm = 0;
  for (int i = 0; i < n; i++) norm = std::max(norm, std::fabs(d[i]) + std::fabs(e[i]));
  std::vector<double>& squares = e;
  for (double& entry : squares) entry *= entry;
  const double negligible = std::pow(norm * EPSILON * EPSILON, 2);
  const auto split = [&](int i) {
    const double small = EPSILON * (std::fabs(d[i]) + std::fabs(d[i + 1]));
    return squares[i] <= negligible || squares[i] <= small * small;
  };
  for (int l = 0; l < n; l++) {
    for (int sweep = 0;; sweep++) {
      int m = l;
      while (m < n - 1 && !split(m)) m++;
      if (m == l) break;
      if (sweep == MAX_SWEEPS) {
        throw std::runtime_error("eigenvalue " + std::to_string(l) + " of " + std::to_string(n) + " did not converge");
      }
      sweepSquares(d.data(), squares.data(), l, m);
    }
  }
}

}  // namespace linalg
