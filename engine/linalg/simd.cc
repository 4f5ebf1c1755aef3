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
INLINE void tileBody(Factor a, const double* b, int depth, double* c, std::ptrdiff_t ld) {
  static_assert(TILE_VECTORS == 3, "each vector of a row of b is named below");
  using Vec = typename Vector<LANES>::type;
  const double* rows[LANES];
#pragma GCC unroll 8
  for (int r = 0; r < LANES; r++) {
    rows[r] = a.values + r * a.rowStride;
    for (int l = 0; l < TILE_VECTORS; l++) __builtin_prefetch(c + r * ld + l * LANES, 1);
  }
  Vec sums[LANES][TILE_VECTORS] = {};
  for (int k = 0; k < depth; k++) {
    const Vec b0 = at<LANES>(b);
    const Vec b1 = at<LANES>(b + LANES);
    const Vec b2 = at<LANES>(b + 2 * LANES);
    b += TILE_VECTORS * LANES;
#pragma GCC unroll 8
    for (int r = 0; r < LANES; r++) {
      const double x = *rows[r];
      rows[r] += a.depthStride;
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

template <int LANES>
INLINE void reflectPanelBody(double* panel, int width, int begin, int rows, int column, double scale, const double* w,
                             double* sums) {
  using Vec = typename Vector<LANES>::type;
  constexpr int together = 4;
  const int next = column + 1;
  const int start = next / LANES * LANES;
  int i = begin;
  for (; i + together <= rows; i += together) {
    double* row[together];
    double v[together];
    double x[together];
    for (int r = 0; r < together; r++) {
      row[r] = panel + static_cast<std::ptrdiff_t>(i + r) * width;
      v[r] = row[r][column] * scale;
      x[r] = row[r][next] - v[r] * w[next];
    }
    for (int c = start; c < width; c += LANES) {
      const Vec wc = at<LANES>(w + c);
      Vec sum = at<LANES>(sums + c);
#pragma GCC unroll 4
      for (int r = 0; r < together; r++) {
        const Vec reflected = at<LANES>(row[r] + c) - v[r] * wc;
        at<LANES>(row[r] + c) = reflected;
        sum += x[r] * reflected;
      }
      at<LANES>(sums + c) = sum;
    }
  }
  for (; i < rows; i++) {
    double* row = panel + static_cast<std::ptrdiff_t>(i) * width;
    const double v = row[column] * scale;
    const double x = row[next] - v * w[next];
    for (int c = start; c < width; c += LANES) {
      const Vec reflected = at<LANES>(row + c) - v * at<LANES>(w + c);
      at<LANES>(row + c) = reflected;
      at<LANES>(sums + c) += x * reflected;
    }
  }
}

/** Columns of the band that are taken together. */
constexpr int BAND_GROUP = 4;

/** Zeros, then ones: a vector from here masks the rows above a diagonal entry. */
constexpr int MASK_ZEROS = 16;
alignas(64) const double MASK[2 * MASK_ZEROS] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                                                 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};

template <int LANES>
INLINE void bandProductBody(const BandStep& step, const double* v, double* y) {
  using Vec = typename Vector<LANES>::type;
  const int middle = (step.offset + step.width + LANES - 1) / LANES * LANES;
  const int end = (step.offset + 2 * step.width + LANES - 1) / LANES * LANES;
  for (int i = 0; i < end; i++) y[i] = 0;
  for (int c = 0; c < step.width; c += BAND_GROUP) {
    const double* column[BAND_GROUP];
    double vc[BAND_GROUP];
    Vec dots[BAND_GROUP] = {};
    const int diagonal = step.offset + c;
    for (int q = 0; q < BAND_GROUP; q++) {
      column[q] = step.columns + (c + q) * step.ld;
      vc[q] = v[diagonal + q];
    }
    int i = diagonal / LANES * LANES;
    for (; i < middle; i += LANES) {
      const Vec vi = at<LANES>(v + i);
      Vec yi = at<LANES>(y + i);
#pragma GCC unroll 4
      for (int q = 0; q < BAND_GROUP; q++) {
        const Vec a = at<LANES>(column[q] + i);
        yi += vc[q] * a;
        dots[q] += vi * a;
      }
      at<LANES>(y + i) = yi;
    }
    for (; i < end; i += LANES) {
      Vec yi = at<LANES>(y + i);
#pragma GCC unroll 4
      for (int q = 0; q < BAND_GROUP; q++) yi += vc[q] * at<LANES>(column[q] + i);
      at<LANES>(y + i) = yi;
    }
    // The entry on the diagonal was counted as one of the column and one of the row.
    for (int q = 0; q < BAND_GROUP; q++) {
      y[diagonal + q] += sumOf<LANES>(dots[q]) - column[q][diagonal + q] * vc[q];
    }
  }
}

template <int LANES>
INLINE void bandUpdateBody(const BandStep& step, const double* v, const double* w, const double* u, double beta) {
  using Vec = typename Vector<LANES>::type;
  const int below = (step.offset + step.width) / LANES * LANES;
  const int middle = (step.offset + step.width + LANES - 1) / LANES * LANES;
  const int end = (step.offset + 2 * step.width + LANES - 1) / LANES * LANES;
  const double* reflector = u - step.width;
  for (int c = 0; c < step.width; c += BAND_GROUP) {
    double* column[BAND_GROUP];
    double vc[BAND_GROUP];
    double wc[BAND_GROUP];
    const int diagonal = step.offset + c;
    for (int q = 0; q < BAND_GROUP; q++) {
      column[q] = step.columns + (c + q) * step.ld;
      vc[q] = v[diagonal + q];
      wc[q] = w[diagonal + q];
    }
    int i = diagonal / LANES * LANES;
    // What lies above the diagonal must stay zero.
    for (const int masked = (diagonal + BAND_GROUP - 1) / LANES * LANES; i <= masked; i += LANES) {
      for (int q = 0; q < BAND_GROUP; q++) {
        const Vec mask = at<LANES>(MASK + MASK_ZEROS + i - (diagonal + q));
        at<LANES>(column[q] + i) -= mask * (wc[q] * at<LANES>(v + i) + vc[q] * at<LANES>(w + i));
      }
    }
    for (; i < middle; i += LANES) {
      const Vec vi = at<LANES>(v + i);
      const Vec wi = at<LANES>(w + i);
#pragma GCC unroll 4
      for (int q = 0; q < BAND_GROUP; q++) at<LANES>(column[q] + i) -= wc[q] * vi + vc[q] * wi;
    }
    Vec dots[BAND_GROUP] = {};
    if (below < middle) {
      const Vec ui = at<LANES>(reflector + below);
      for (int q = 0; q < BAND_GROUP; q++) dots[q] = ui * at<LANES>(column[q] + below);
    }
    for (i = middle; i < end; i += LANES) {
      const Vec wi = at<LANES>(w + i);
      const Vec ui = at<LANES>(reflector + i);
#pragma GCC unroll 4
      for (int q = 0; q < BAND_GROUP; q++) {
        const Vec a = at<LANES>(column[q] + i) - vc[q] * wi;
        at<LANES>(column[q] + i) = a;
        dots[q] += ui * a;
      }
    }
    double scale[BAND_GROUP];
    for (int q = 0; q < BAND_GROUP; q++) scale[q] = beta * sumOf<LANES>(dots[q]);
    for (i = below; i < end; i += LANES) {
      const Vec ui = at<LANES>(reflector + i);
#pragma GCC unroll 4
      for (int q = 0; q < BAND_GROUP; q++) at<LANES>(column[q] + i) -= scale[q] * ui;
    }
  }
}

/** Sums of entries side by side: the same for every instruction set, and in TypeScript. */
constexpr int ENTRY_LANES = 4;
typedef double Entries __attribute__((vector_size(ENTRY_LANES * sizeof(double))));
typedef long long EntryCounts __attribute__((vector_size(ENTRY_LANES * sizeof(long long))));
static_assert(sizeof(long long) == sizeof(double), "a comparison of doubles has as many bits");

template <typename T>
INLINE EntrySums sumsOfBody(const T* W, std::ptrdiff_t count, double limit) {
  Entries below = {}, fourthPowers = {}, largest = {};
  EntryCounts nonZero = {}, above = {};
  for (std::ptrdiff_t i = 0; i < count; i += ENTRY_LANES) {
    Entries entries = {};
    if (i + ENTRY_LANES <= count) {
      for (int l = 0; l < ENTRY_LANES; l++) entries[l] = W[i + l];
    } else {
      for (int l = 0; i + l < count; l++) entries[l] = W[i + l];
    }
    const Entries square = entries * entries;
    // A comparison is -1 where it holds.
    const EntryCounts isAbove = square > limit;
    nonZero -= square != 0.0;
    above -= isAbove;
    const Entries counted = reinterpret_cast<Entries>(reinterpret_cast<EntryCounts>(square) & ~isAbove);
    below += counted;
    fourthPowers += counted * counted;
    largest = square > largest ? square : largest;
  }
  EntrySums sums;
  for (int l = 0; l < ENTRY_LANES; l++) {
    sums.nonZero += nonZero[l];
    sums.above += above[l];
    sums.largestSquare = sums.largestSquare < largest[l] ? largest[l] : sums.largestSquare;
  }
  sums.below = (below[0] + below[1]) + (below[2] + below[3]);
  sums.fourthPowers = (fourthPowers[0] + fourthPowers[1]) + (fourthPowers[2] + fourthPowers[3]);
  return sums;
}

#define KERNELS(NAME, TARGET, LANES)                                                                                    \
  TARGET void tile##NAME(Factor a, const double* b, int depth, double* c, std::ptrdiff_t ld) {                         \
    tileBody<LANES>(a, b, depth, c, ld);                                                                               \
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
  TARGET void reflectPanel##NAME(double* panel, int width, int begin, int rows, int column, double scale,              \
                                 const double* w, double* sums) {                                                      \
    reflectPanelBody<LANES>(panel, width, begin, rows, column, scale, w, sums);                                        \
  }                                                                                                                    \
  TARGET void bandProduct##NAME(const BandStep& step, const double* v, double* y) {                                    \
    bandProductBody<LANES>(step, v, y);                                                                                \
  }                                                                                                                    \
  TARGET void bandUpdate##NAME(const BandStep& step, const double* v, const double* w, const double* u, double beta) { \
    bandUpdateBody<LANES>(step, v, w, u, beta);                                                                        \
  }                                                                                                                    \
  TARGET EntrySums sumsOfFloats##NAME(const float* W, std::ptrdiff_t count, double limit) {                            \
    return sumsOfBody(W, count, limit);                                                                                \
  }                                                                                                                    \
  TARGET EntrySums sumsOfDoubles##NAME(const double* W, std::ptrdiff_t count, double limit) {                          \
    return sumsOfBody(W, count, limit);                                                                                \
  }                                                                                                                    \
  const Kernels NAME = {LANES,              LANES * TILE_VECTORS, tile##NAME,           symmetricProduct##NAME,        \
                        dot##NAME,          subtractTwo##NAME,    reflectEight##NAME,   rotateEight##NAME,             \
                        reflectPanel##NAME, bandProduct##NAME,    bandUpdate##NAME,     sumsOfFloats##NAME,            \
                        sumsOfDoubles##NAME};

KERNELS(Baseline, , 2)
#if defined(__x86_64__)
KERNELS(Avx2, __attribute__((target("avx2,fma"))), 4)
KERNELS(Avx512, __attribute__((target("avx512f,avx2,fma"))), 8)
#endif

}  // namespace

const Kernels& kernels() {
#if defined(LINALG_KERNELS)
  return LINALG_KERNELS;  // for tests
#elif defined(__x86_64__)
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
