// Vectors of as many floats as a register of an instruction set holds.
#pragma once

#define INLINE inline __attribute__((always_inline))

namespace ops {

template <int LANES>
struct Vector {
  typedef float type __attribute__((vector_size(LANES * sizeof(float)), aligned(sizeof(float)), may_alias));
  typedef int mask __attribute__((vector_size(LANES * sizeof(int)), aligned(sizeof(int)), may_alias));
};

template <int LANES>
INLINE typename Vector<LANES>::type& at(float* x) {
  return *reinterpret_cast<typename Vector<LANES>::type*>(x);
}

template <int LANES>
INLINE const typename Vector<LANES>::type& at(const float* x) {
  return *reinterpret_cast<const typename Vector<LANES>::type*>(x);
}

template <int LANES>
INLINE typename Vector<LANES>::mask& at(int* x) {
  return *reinterpret_cast<typename Vector<LANES>::mask*>(x);
}

template <int LANES>
INLINE const typename Vector<LANES>::mask& at(const int* x) {
  return *reinterpret_cast<const typename Vector<LANES>::mask*>(x);
}

}  // namespace ops
