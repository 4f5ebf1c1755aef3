#pragma once

#include <functional>

namespace linalg {

/** Runs task(0) .. task(count - 1), each once, on up to `threads` threads; throws what a task threw after all threads have ended. */
void parallel(int count, int threads, const std::function<void(int)>& task);

}  // namespace linalg
