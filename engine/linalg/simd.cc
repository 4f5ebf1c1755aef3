#include "simd.h"

#define INLINE inline __attribute__((always_inline))

namespace linalg {
namespace {

template <int LANES>
struct Vector {
  typedef double type __attribute__((vector_size(LANES * sizeof(double)), aligned(sizeof(double)), may_alias));
};

template <int LANES>
INLINE typename Vector<LANES>::type& at(double* x) {
  return *reinterpret_cast<typename Vector<LANES>::type*>(x);
}

template <int LANES>
INLINE const typename Vector<LANES>::type& at(const double* x) {
  return *reinterpret_cast<const typename Vector<LANES>::type*>(x);
}

template <int LANES>
INLINE double sumOf(const typename Vector<LANES>::type& x) {
  double sum = 0;
  for (int l = 0; l < LANES; l++) sum += x[l];
  return sum;
}

template <int LANES>
INLINE void tileBody(const double* a, const double* b, int depth, double* c, std::ptrdiff_t ld) {
  static_assert(TILE_PANELS == 3, "a vector of each panel is named below");
  using Vec = typename Vector<LANES>::type;
  const std::ptrdiff_t stride = static_cast<std::ptrdiff_t>(LANES) * depth;
  Vec sums[LANES][TILE_PANELS] = {};
  for (int k = 0; k < depth; k++) {
    const double* row = b + LANES * k;
    const Vec b0 = at<LANES>(row);
    const Vec b1 = at<LANES>(row + stride);
    const Vec b2 = at<LANES>(row + 2 * stride);
#pragma GCC unroll 8
    for (int r = 0; r < LANES; r++) {
      const double x = a[LANES * k + r];
      sums[r][0] += x * b0;
      sums[r][1] += x * b1;
      sums[r][2] += x * b2;
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < LANES; r++) {
    at<LANES>(c + r * ld) += sums[r][0];
    at<LANES>(c + r * ld + LANES) += sums[r][1];
    at<LANES>(c + r * ld + 2 * LANES) += sums[r][2];
  }
}

/** Four rows at a time: each is read once, for its own sums and, as a column, for those of the rows before it. */
template <int LANES>
INLINE void symmetricProductBody(const double* A, std::ptrdiff_t ld, int n, const double* u, double* p) {
  using Vec = typename Vector<LANES>::type;
  for (int k = 0; k < n; k++) p[k] = 0;
  int j = 0;
  for (; j + 4 <= n; j += 4) {
    const double* rows[4] = {A + j * ld, A + (j + 1) * ld, A + (j + 2) * ld, A + (j + 3) * ld};
    const double u0 = u[j], u1 = u[j + 1], u2 = u[j + 2], u3 = u[j + 3];
    Vec s0 = {}, s1 = {}, s2 = {}, s3 = {};
    int k = 0;
    for (; k + LANES <= j; k += LANES) {
      const Vec a0 = at<LANES>(rows[0] + k), a1 = at<LANES>(rows[1] + k);
      const Vec a2 = at<LANES>(rows[2] + k), a3 = at<LANES>(rows[3] + k);
      const Vec uk = at<LANES>(u + k);
      s0 += a0 * uk;
      s1 += a1 * uk;
      s2 += a2 * uk;
      s3 += a3 * uk;
      at<LANES>(p + k) += (a0 * u0 + a1 * u1) + (a2 * u2 + a3 * u3);
    }
    double sums[4] = {sumOf<LANES>(s0), sumOf<LANES>(s1), sumOf<LANES>(s2), sumOf<LANES>(s3)};
    for (; k < j; k++) {
      for (int r = 0; r < 4; r++) {
        sums[r] += rows[r][k] * u[k];
        p[k] += rows[r][k] * u[j + r];
      }
    }
    for (int r = 0; r < 4; r++) {
      for (int c = 0; c < r; c++) {
        sums[r] += rows[r][j + c] * u[j + c];
        sums[c] += rows[r][j + c] * u[j + r];
      }
      sums[r] += rows[r][j + r] * u[j + r];
    }
    for (int r = 0; r < 4; r++) p[j + r] += sums[r];
  }
  for (; j < n; j++) {
    const double* row = A + j * ld;
    double sum = row[j] * u[j];
    for (int k = 0; k < j; k++) {
      sum += row[k] * u[k];
      p[k] += row[k] * u[j];
    }
    p[j] += sum;
  }
}

template <int LANES>
INLINE double dotBody(const double* x, const double* y, int n) {
  typename Vector<LANES>::type s0 = {}, s1 = {};
  int k = 0;
  for (; k + 2 * LANES <= n; k += 2 * LANES) {
    s0 += at<LANES>(x + k) * at<LANES>(y + k);
    s1 += at<LANES>(x + k + LANES) * at<LANES>(y + k + LANES);
  }
  double sum = sumOf<LANES>(s0 + s1);
  for (; k < n; k++) sum += x[k] * y[k];
  return sum;
}

template <int LANES>
INLINE void subtractTwoBody(double* p, double a, const double* v, double b, const double* w, int n) {
  int k = 0;
  for (; k + LANES <= n; k += LANES) at<LANES>(p + k) -= a * at<LANES>(v + k) + b * at<LANES>(w + k);
  for (; k < n; k++) p[k] -= a * v[k] + b * w[k];
}

template <int LANES>
INLINE void reflectEightBody(double* block, const double* u, int n, double beta) {
  constexpr int parts = ROWS_IN_LANES / LANES;
  typename Vector<LANES>::type sums[parts] = {};
  for (int k = 0; k < n; k++) {
    for (int part = 0; part < parts; part++) {
      sums[part] += at<LANES>(block + ROWS_IN_LANES * k + LANES * part) * u[k];
    }
  }
  for (int part = 0; part < parts; part++) sums[part] *= beta;
  for (int k = 0; k < n; k++) {
    for (int part = 0; part < parts; part++) {
      at<LANES>(block + ROWS_IN_LANES * k + LANES * part) -= sums[part] * u[k];
    }
  }
}

template <int LANES>
INLINE void rotateEightBody(double* block, const double* cosines, const double* sines, int first, int last) {
  using Vec = typename Vector<LANES>::type;
  constexpr int parts = ROWS_IN_LANES / LANES;
  for (int part = 0; part < parts; part++) {
    double* column = block + LANES * part;
    Vec h = at<LANES>(column + ROWS_IN_LANES * (last + 1));
    for (int i = last; i >= first; i--) {
      const Vec z = at<LANES>(column + ROWS_IN_LANES * i);
      at<LANES>(column + ROWS_IN_LANES * (i + 1)) = sines[i] * z + cosines[i] * h;
      h = cosines[i] * z - sines[i] * h;
    }
    at<LANES>(column + ROWS_IN_LANES * first) = h;
  }
}

#define KERNELS(NAME, TARGET, LANES)                                                                        \
  TARGET void tile##NAME(const double* a, const double* b, int depth, double* c, std::ptrdiff_t ld) {                  \
    tileBody<LANES>(a, b, depth, c, ld);                                                                    \
  }                                                                                                                    \
  TARGET void symmetricProduct##NAME(const double* A, std::ptrdiff_t ld, int n, const double* u, double* p) {          \
    symmetricProductBody<LANES>(A, ld, n, u, p);                                                                       \
  }                                                                                                                    \
  TARGET double dot##NAME(const double* x, const double* y, int n) { return dotBody<LANES>(x, y, n); }                 \
  TARGET void subtractTwo##NAME(double* p, double a, const double* v, double b, const double* w, int n) {              \
    subtractTwoBody<LANES>(p, a, v, b, w, n);                                                                          \
  }                                                                                                                    \
  TARGET void reflectEight##NAME(double* block, const double* u, int n, double beta) {                                 \
    reflectEightBody<LANES>(block, u, n, beta);                                                                        \
  }                                                                                                                    \
  TARGET void rotateEight##NAME(double* block, const double* cosines, const double* sines, int first, int last) {      \
    rotateEightBody<LANES>(block, cosines, sines, first, last);                                                        \
  }                                                                                                                    \
  const Kernels NAME = {LANES,     tile##NAME,        symmetricProduct##NAME, \
                        dot##NAME, subtractTwo##NAME, reflectEight##NAME,     rotateEight##NAME};

KERNELS(Baseline, , 2)
#if defined(__x86_64__) && !defined(LINALG_BASELINE)
KERNELS(Avx2, __attribute__((target("avx2,fma"))), 4)
KERNELS(Avx512, __attribute__((target("avx512f,avx2,fma"))), 8)
#endif

}  // namespace

const Kernels& kernels() {
#if defined(__x86_64__) && !defined(LINALG_BASELINE)
  __builtin_cpu_init();
  static const Kernels& chosen = __builtin_cpu_supports("avx512f")                                    ? Avx512
                                 : __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? Avx2
                                                                                                      : Baseline;
  return chosen;
#else
  return Baseline;
#endif
}

}  // namespace linalg
