#pragma once

#include <cstddef>
#include <new>
#include <vector>

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace linalg {

/**
 * Puts arrays where a cache line begins: loads of whole vectors then never straddle two lines. Large ones begin at a huge page, and ask
 * the system for such pages: columns of a large matrix touch a page each.
 */
template <typename T>
struct CacheLineAllocator {
  using value_type = T;
  static constexpr std::align_val_t CACHE_LINE{64};
  static constexpr std::align_val_t HUGE_PAGE{std::size_t{1} << 21};

  CacheLineAllocator() = default;
  template <typename U>
  CacheLineAllocator(const CacheLineAllocator<U>&) {}

  T* allocate(std::size_t count) {
    const std::size_t bytes = count * sizeof(T);
    void* values = ::operator new(bytes, alignment(count));
#ifdef MADV_HUGEPAGE
    // Where the system has none, small pages do.
    if (alignment(count) == HUGE_PAGE) madvise(values, bytes, MADV_HUGEPAGE);
#endif
    return static_cast<T*>(values);
  }
  void deallocate(T* values, std::size_t count) { ::operator delete(values, alignment(count)); }
  static std::align_val_t alignment(std::size_t count) {
    return count * sizeof(T) >= 2 * static_cast<std::size_t>(HUGE_PAGE) ? HUGE_PAGE : CACHE_LINE;
  }
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
