#include "simd.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "vectors.h"

namespace ops {

#if defined(__x86_64__)
namespace {

template <int LANES, int ROWS>
INLINE void tileBody(const float* a, const float* b, std::ptrdiff_t depth, float* c, std::ptrdiff_t ld, bool add) {
  using Vec = typename Vector<LANES>::type;
  Vec sums[ROWS][2] = {};
  for (std::ptrdiff_t k = 0; k < depth; k++) {
    const Vec b0 = at<LANES>(b + 2 * LANES * k);
    const Vec b1 = at<LANES>(b + 2 * LANES * k + LANES);
#pragma GCC unroll 14
    for (int r = 0; r < ROWS; r++) {
      const float x = a[ROWS * k + r];
      sums[r][0] += x * b0;
      sums[r][1] += x * b1;
    }
  }
  if (add) {
#pragma GCC unroll 14
    for (int r = 0; r < ROWS; r++) {
      sums[r][0] += at<LANES>(c + r * ld);
      sums[r][1] += at<LANES>(c + r * ld + LANES);
    }
  }
#pragma GCC unroll 14
  for (int r = 0; r < ROWS; r++) {
    at<LANES>(c + r * ld) = sums[r][0];
    at<LANES>(c + r * ld + LANES) = sums[r][1];
  }
}

/** Interleaves runs of RUN values of a and b: the lower (or upper) halves of each pair of runs. */
template <int LANES, int RUN, bool UPPER, int... I>
INLINE void interleave(const typename Vector<LANES>::type& a, const typename Vector<LANES>::type& b,
                       typename Vector<LANES>::type& result, std::integer_sequence<int, I...>) {
  // lane i comes from a where (i / RUN) is even, else from b; pairs of runs keep their place
#define SOURCE_LANE ((I / (2 * RUN)) * 2 * RUN + (UPPER ? RUN : 0) + I % RUN + ((I / RUN) % 2 == 1 ? LANES : 0))
#if defined(__clang__)
  result = __builtin_shufflevector(a, b, SOURCE_LANE...);
#else
  result = __builtin_shuffle(a, b, typename Vector<LANES>::mask{SOURCE_LANE...});
#endif
#undef SOURCE_LANE
}

template <int LANES, int RUN>
INLINE void transposeStage(typename Vector<LANES>::type* rows) {
  using Lanes = std::make_integer_sequence<int, LANES>;
#pragma GCC unroll 16
  for (int r = 0; r < LANES; r++) {
    if (r & RUN) continue;
    typename Vector<LANES>::type low, high;
    interleave<LANES, RUN, false>(rows[r], rows[r + RUN], low, Lanes{});
    interleave<LANES, RUN, true>(rows[r], rows[r + RUN], high, Lanes{});
    rows[r] = low;
    rows[r + RUN] = high;
  }
}

template <int LANES>
INLINE void transposeBody(const float* source, std::ptrdiff_t ld, int rows, std::ptrdiff_t columns, float* target,
                          std::ptrdiff_t stride) {
  using Vec = typename Vector<LANES>::type;
  std::ptrdiff_t k = 0;
  for (; k + LANES <= columns; k += LANES) {
    Vec block[LANES];
#pragma GCC unroll 16
    for (int r = 0; r < LANES; r++) block[r] = r < rows ? at<LANES>(source + r * ld + k) : Vec{};
    transposeStage<LANES, 1>(block);
    transposeStage<LANES, 2>(block);
    transposeStage<LANES, 4>(block);
    if (LANES == 16) transposeStage<LANES, LANES / 2>(block);
#pragma GCC unroll 16
    for (int r = 0; r < LANES; r++) at<LANES>(target + (k + r) * stride) = block[r];
  }
  for (; k < columns; k++) {
    float* values = target + k * stride;
    for (int r = 0; r < LANES; r++) values[r] = r < rows ? source[r * ld + k] : 0;
  }
}

INLINE void maskPositiveBody(const float* source, const float* activation, std::ptrdiff_t n, float* target) {
  for (std::ptrdiff_t i = 0; i < n; i++) target[i] = activation[i] > 0 ? source[i] : 0;
}

INLINE void addBiasBody(const float* parts, int count, std::ptrdiff_t stride, const float* bias, float floor, int n,
                        float* __restrict target) {
  for (int i = 0; i < n; i++) target[i] = parts[i];
  for (int part = 1; part < count; part++) {
    for (int i = 0; i < n; i++) target[i] += parts[part * stride + i];
  }
  for (int i = 0; i < n; i++) {
    const float sum = target[i] + bias[i];
    // a NaN must stay one
    target[i] = sum < floor ? floor : sum;
  }
}

INLINE void addBody(const float* source, int n, float* __restrict target) {
  for (int i = 0; i < n; i++) target[i] += source[i];
}

INLINE void standardizeBody(const unsigned char* bytes, std::ptrdiff_t n, float scale, float offset,
                            float* __restrict target) {
  for (std::ptrdiff_t i = 0; i < n; i++) target[i] = static_cast<float>(bytes[i]) * scale - offset;
}

INLINE void divideBody(const unsigned char* bytes, std::ptrdiff_t n, float divisor, float* __restrict target) {
  for (std::ptrdiff_t i = 0; i < n; i++) target[i] = static_cast<float>(bytes[i]) / divisor;
}

template <Rule RULE>
INLINE void updateRow(float* __restrict w, float* __restrict s0, float* __restrict s1, const float* __restrict gradient,
                      int n, const UpdateScalars& scalars) {
  const auto [rate, decay, decay2, epsilon, l2] = scalars;
  for (int i = 0; i < n; i++) {
    const float g = gradient[i] + l2 * w[i];
    if (RULE == Rule::sgd) {
      w[i] -= rate * g;
    } else if (RULE == Rule::momentum || RULE == Rule::nesterov) {
      const float velocity = decay * s0[i] - rate * g;
      s0[i] = velocity;
      w[i] += RULE == Rule::nesterov ? decay * velocity - rate * g : velocity;
    } else if (RULE == Rule::adadelta) {
      const float squares = decay * s0[i] + (1 - decay) * g * g;
      const float change = std::sqrt(s1[i] + epsilon) / std::sqrt(squares + epsilon) * g;
      s0[i] = squares;
      s1[i] = decay * s1[i] + (1 - decay) * change * change;
      w[i] -= rate * change;
    } else {
      const float mean = s0[i] + (g - s0[i]) * (1 - decay);
      const float squares = s1[i] + (g * g - s1[i]) * (1 - decay2);
      s0[i] = mean;
      s1[i] = squares;
      w[i] -= rate * mean / (std::sqrt(squares) + epsilon);
    }
  }
}

template <int PANEL, Rule RULE>
INLINE void updateBody(float* w, float* const* slots, std::ptrdiff_t ld, const float* gradient,
                       std::ptrdiff_t gradientLd, int rows, int columns, const UpdateScalars& scalars) {
  constexpr int COUNT = RULE == Rule::sgd ? 0 : RULE == Rule::momentum || RULE == Rule::nesterov ? 1 : 2;
  float* s0 = COUNT > 0 ? slots[0] : nullptr;
  float* s1 = COUNT > 1 ? slots[1] : nullptr;
  for (int r = 0; r < rows; r++) {
    float* const w0 = w + r * ld;
    float* const first = COUNT > 0 ? s0 + r * ld : nullptr;
    float* const second = COUNT > 1 ? s1 + r * ld : nullptr;
    const float* const g = gradient + r * gradientLd;
    if (columns == PANEL) {
      updateRow<RULE>(w0, first, second, g, PANEL, scalars);
    } else {
      updateRow<RULE>(w0, first, second, g, columns, scalars);
    }
  }
}

#define FUNCTIONS(NAME, TARGET, LANES)                                                                                \
  template <int ROWS>                                                                                                 \
  TARGET void tile##NAME(const float* a, const float* b, std::ptrdiff_t depth, float* c, std::ptrdiff_t ld, bool add) { \
    tileBody<LANES, ROWS>(a, b, depth, c, ld, add);                                                                   \
  }                                                                                                                   \
  TARGET void transpose##NAME(const float* source, std::ptrdiff_t ld, int rows, std::ptrdiff_t columns,               \
                              float* target, std::ptrdiff_t stride) {                                                 \
    transposeBody<LANES>(source, ld, rows, columns, target, stride);                                                  \
  }                                                                                                                   \
  TARGET void maskPositive##NAME(const float* s, const float* activation, std::ptrdiff_t n, float* t) {               \
    maskPositiveBody(s, activation, n, t);                                                                            \
  }                                                                                                                   \
  TARGET void addBias##NAME(const float* parts, int count, std::ptrdiff_t stride, const float* bias, float floor,     \
                            int n, float* target) {                                                                   \
    addBiasBody(parts, count, stride, bias, floor, n, target);                                                        \
  }                                                                                                                   \
  TARGET void add##NAME(const float* source, int n, float* target) { addBody(source, n, target); }                    \
  TARGET void standardize##NAME(const unsigned char* bytes, std::ptrdiff_t n, float scale, float offset, float* t) {  \
    standardizeBody(bytes, n, scale, offset, t);                                                                      \
  }                                                                                                                   \
  TARGET void divide##NAME(const unsigned char* bytes, std::ptrdiff_t n, float divisor, float* t) {                   \
    divideBody(bytes, n, divisor, t);                                                                                 \
  }                                                                                                                   \
  template <Rule RULE>                                                                                                \
  TARGET void update##NAME(float* w, float* const* slots, std::ptrdiff_t ld, const float* g, std::ptrdiff_t gLd,      \
                           int rows, int columns, const UpdateScalars& scalars) {                                     \
    updateBody<2 * LANES, RULE>(w, slots, ld, g, gLd, rows, columns, scalars);                                        \
  }

#define UPDATES(NAME)                                                                                     \
  {                                                                                                       \
    update##NAME<Rule::sgd>, update##NAME<Rule::momentum>, update##NAME<Rule::nesterov>,                  \
        update##NAME<Rule::adadelta>, update##NAME<Rule::adam>                                            \
  }

#define OTHERS(NAME)                                                                                      \
  transpose##NAME, maskPositive##NAME, addBias##NAME, add##NAME, standardize##NAME, divide##NAME, UPDATES(NAME)

FUNCTIONS(Avx2, __attribute__((target("avx2,fma"))), 8)
FUNCTIONS(Avx512, __attribute__((target("avx512f,avx2,fma,prefer-vector-width=512"))), 16)

const Kernels avx2 = {"avx2", 8, 16, 6,
                      {nullptr, tileAvx2<1>, tileAvx2<2>, tileAvx2<3>, tileAvx2<4>, tileAvx2<5>, tileAvx2<6>},
                      OTHERS(Avx2)};
const Kernels avx512 = {"avx512", 16, 32, 14,
                        {nullptr, tileAvx512<1>, tileAvx512<2>, tileAvx512<3>, tileAvx512<4>, tileAvx512<5>,
                         tileAvx512<6>, tileAvx512<7>, tileAvx512<8>, tileAvx512<9>, tileAvx512<10>, tileAvx512<11>,
                         tileAvx512<12>, tileAvx512<13>, tileAvx512<14>},
                        OTHERS(Avx512)};

}  // namespace

const Kernels* findKernels(const char* name) {
  __builtin_cpu_init();
  const bool hasAvx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool hasAvx512 = hasAvx2 && __builtin_cpu_supports("avx512f");
  if (hasAvx512 && (name == nullptr || std::strcmp(name, avx512.name) == 0)) return &avx512;
  if (hasAvx2 && (name == nullptr || std::strcmp(name, avx2.name) == 0)) return &avx2;
  return nullptr;
}
#else
const Kernels* findKernels(const char*) { return nullptr; }
#endif

}  // namespace ops
