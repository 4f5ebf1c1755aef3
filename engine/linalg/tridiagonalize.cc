#include "tridiagonalize.h"

#include <algorithm>
#include <cmath>

#include "interrupt.h"
#include "simd.h"

namespace linalg {
namespace {

/** Reflections collected before they are applied. */
constexpr int COLLECTED = 16;

struct Reflector {
  double length;
  double beta;
};

/** Writes to u (and over the row) the vector that reflects the row's first i entries onto the last of them; returns what remains there. */
Reflector reflector(double* row, int i, double* u) {
  double largest = 0;
  for (int k = 0; k < i - 1; k++) largest = std::max(largest, std::fabs(row[k]));
  const double last = row[i - 1];
  if (largest == 0) {
    std::fill(u, u + i, 0.0);
    std::fill(row, row + i, 0.0);
    return {last, 0};
  }
  largest = std::max(largest, std::fabs(last));
  double squares = 0;
  for (int k = 0; k < i; k++) {
    u[k] = row[k] / largest;
    squares += u[k] * u[k];
  }
  const double norm = std::sqrt(squares);
  const double scaledLast = u[i - 1];
  const double target = scaledLast > 0 ? -norm : norm;  // the sign that avoids cancellation
  u[i - 1] = scaledLast - target;
  std::copy(u, u + i, row);
  return {target * largest, 1 / (squares - scaledLast * target)};
}

/** Subtracts v w^T + w v^T of all collected pairs from the lower triangle of the leading n x n part. */
void subtractCollected(Gram& A, int n, const double* V, const double* W, int collected, AlignedVector& packed) {
  const Kernels& cpu = kernels();
  const int strips = (n + cpu.strip - 1) / cpu.strip;
  const int depth = 2 * collected;
  const std::ptrdiff_t stride = static_cast<std::ptrdiff_t>(cpu.strip) * depth;
  packed.assign(2 * strips * stride, 0.0);
  double* left = packed.data();
  double* right = left + strips * stride;
  for (int s = 0; s < strips; s++) {
    const int count = std::min(cpu.strip, n - s * cpu.strip);
    for (int j = 0; j < collected; j++) {
      const double* v = V + j * A.ld + s * cpu.strip;
      const double* w = W + j * A.ld + s * cpu.strip;
      const std::ptrdiff_t at = s * stride + 2 * j * cpu.strip;
      for (int i = 0; i < count; i++) {
        left[at + i] = -v[i];
        left[at + cpu.strip + i] = -w[i];
        right[at + i] = w[i];
        right[at + cpu.strip + i] = v[i];
      }
    }
  }
  for (int p = 0; p < strips; p++) {
    for (int i = 0; i < cpu.strip && p * cpu.strip + i < n; i += cpu.lanes) {
      double* c = A.values.data() + (static_cast<std::ptrdiff_t>(p) * cpu.strip + i) * A.ld;
      for (int q = 0; q <= p; q++) {
        cpu.tile({left + p * stride + i, 1, cpu.strip}, right + q * stride, depth, c + q * cpu.strip, A.ld);
      }
    }
  }
}

}  // namespace

Tridiagonal tridiagonalize(Gram& A) {
  const Kernels& cpu = kernels();
  const int n = A.n;
  Tridiagonal form{std::vector<double>(n), std::vector<double>(n), std::vector<double>(n)};
  AlignedVector V(COLLECTED * A.ld);
  AlignedVector W(COLLECTED * A.ld);
  AlignedVector packed;
  for (int top = n - 1; top >= 1;) {
    checkInterrupt();
    const int block = std::min(COLLECTED, top);
    for (int t = 0; t < block; t++) {
      const int i = top - t;
      double* row = A.values.data() + i * A.ld;
      for (int j = 0; j < t; j++) {
        const double* v = V.data() + j * A.ld;
        const double* w = W.data() + j * A.ld;
        cpu.subtractTwo(row, v[i], w, w[i], v, i + 1);
      }
      form.diagonal[i] = row[i];
      double* u = V.data() + t * A.ld;
      double* p = W.data() + t * A.ld;
      const auto [length, beta] = reflector(row, i, u);
      form.offDiagonal[i] = length;
      form.betas[i] = beta;
      cpu.symmetricProduct(A.values.data(), A.ld, i, u, p);
      for (int j = 0; j < t; j++) {
        const double* v = V.data() + j * A.ld;
        const double* w = W.data() + j * A.ld;
        cpu.subtractTwo(p, cpu.dot(w, u, i), v, cpu.dot(v, u, i), w, i);
      }
      const double half = 0.5 * beta * beta * cpu.dot(p, u, i);
      for (int k = 0; k < i; k++) p[k] = beta * p[k] - half * u[k];
    }
    top -= block;
    if (top >= 0) subtractCollected(A, top + 1, V.data(), W.data(), block, packed);
  }
  form.diagonal[0] = A.values[0];
  return form;
}

}  // namespace linalg
