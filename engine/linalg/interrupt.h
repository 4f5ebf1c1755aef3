#pragma once

#include <csignal>
#include <stdexcept>

namespace linalg {

/** Thrown where a long computation notices that it was asked to end; `what` is the signal's name. */
struct Interrupted : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/** Throws Interrupted when a signal has come to an InterruptWatch; called between pieces of work of some milliseconds, on any thread. */
void checkInterrupt();

/**
 * As long as it lives, SIGINT and SIGTERM that JavaScript listens to end the computation at hand, which would keep JavaScript from
 * hearing of them until it is done. The signal is then raised again, for the listener. Used by the main thread alone.
 */
class InterruptWatch {
 public:
  InterruptWatch();
  ~InterruptWatch();
  InterruptWatch(const InterruptWatch&) = delete;
  InterruptWatch& operator=(const InterruptWatch&) = delete;

 private:
  static constexpr int COUNT = 2;
  struct sigaction before_[COUNT];
  bool watched_[COUNT];
};

}  // namespace linalg
