#pragma once

#include <cstddef>
#include <functional>
#include <mutex>

namespace ops {

/** Tells how many threads share the work of an operator from now on; the same bytes come out for any number. */
void setThreads(int threads);

/** The threads and memory of the operators, held by one operator at a time for as long as this object lives. */
class Workspace {
 public:
  Workspace();

  /** Returns memory for `floats` values, aligned to a cache line, that stays until the object's end. */
  float* take(std::size_t floats);

  /**
   * Runs task(i, lane) for i = 0 .. count - 1, each once, and returns when all have ended. `lane` tells the threads apart and is
   * below lanes().
   */
  void parallel(int count, const std::function<void(int, int)>& task);

  int lanes() const;

 private:
  std::lock_guard<std::mutex> hold;
  std::size_t used = 0;
};

}  // namespace ops
