#include "interrupt.h"

#include <csignal>
#include <cstring>

#include <atomic>

namespace linalg {
namespace {

constexpr int SIGNALS[] = {SIGINT, SIGTERM};

/** The signal that has come; 0 for none. */
std::atomic<int> received{0};
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler may touch nothing else");

void receive(int signal) { received = signal; }

}  // namespace

void checkInterrupt() {
  const int signal = received.load(std::memory_order_relaxed);
  if (signal != 0) throw Interrupted(signal == SIGINT ? "SIGINT" : "SIGTERM");
}

InterruptWatch::InterruptWatch() {
  received = 0;
  for (int i = 0; i < COUNT; i++) {
    sigaction(SIGNALS[i], nullptr, &before_[i]);
    // Where nobody listens the signal ends the process at once, as it should.
    watched_[i] = before_[i].sa_handler != SIG_DFL && before_[i].sa_handler != SIG_IGN;
    if (!watched_[i]) continue;
    struct sigaction ours;
    std::memset(&ours, 0, sizeof ours);
    ours.sa_handler = receive;
    ours.sa_flags = SA_RESTART;
    sigaction(SIGNALS[i], &ours, nullptr);
  }
}

InterruptWatch::~InterruptWatch() {
  for (int i = 0; i < COUNT; i++) {
    if (watched_[i]) sigaction(SIGNALS[i], &before_[i], nullptr);
  }
  const int signal = received.exchange(0);
  if (signal != 0) std::raise(signal);
}

}  // namespace linalg
