#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace linalg {

/** Puts arrays where a cache line begins: loads of whole vectors then never straddle two lines. */
template <typename T>
struct CacheLineAllocator {
  using value_type = T;
  static constexpr std::align_val_t CACHE_LINE{64};

  CacheLineAllocator() = default;
  template <typename U>
  CacheLineAllocator(const CacheLineAllocator<U>&) {}

  T* allocate(std::size_t count) { return static_cast<T*>(::operator new(count * sizeof(T), CACHE_LINE)); }
  void deallocate(T* values, std::size_t) { ::operator delete(values, CACHE_LINE); }
};

template <typename T, typename U>
bool operator==(const CacheLineAllocator<T>&, const CacheLineAllocator<U>&) {
  return true;
}
template <typename T, typename U>
bool operator!=(const CacheLineAllocator<T>&, const CacheLineAllocator<U>&) {
  return false;
}

using AlignedVector = std::vector<double, CacheLineAllocator<double>>;

}  // namespace linalg
