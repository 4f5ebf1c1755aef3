#include "interrupt.h"

#include <csignal>
#include <cstring>

#include <atomic>

namespace linalg {
namespace {

/** The signal that has come; 0 for none. */
std::atomic<int> received{0};
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler may touch nothing else");

/** Those that listened before us: of SIGINT and of SIGTERM. */
struct sigaction listeners[2];

void receive(int signal) {
  received = signal;
  listeners[signal == SIGINT ? 0 : 1].sa_handler(signal);
}

void watch(int signal, struct sigaction& listener) {
  struct sigaction current;
  sigaction(signal, nullptr, &current);
  // Where nobody listens the signal ends the process at once, as it should: Node's own handler gives the terminal back and raises the signal
  // again, counting on SA_RESETHAND. Called from ours it would raise it for ever.
  const bool plain = (current.sa_flags & (SA_SIGINFO | SA_RESETHAND)) == 0;
  if (!plain || current.sa_handler == SIG_DFL || current.sa_handler == SIG_IGN || current.sa_handler == receive) return;
  listener = current;
  struct sigaction ours;
  std::memset(&ours, 0, sizeof ours);
  ours.sa_handler = receive;
  ours.sa_flags = SA_RESTART;
  sigaction(signal, &ours, nullptr);
}

}  // namespace

void watchSignals() {
  watch(SIGINT, listeners[0]);
  watch(SIGTERM, listeners[1]);
}

void checkInterrupt() {
  const int signal = received.load(std::memory_order_relaxed);
  if (signal != 0) throw Interrupted(signal == SIGINT ? "SIGINT" : "SIGTERM");
}

void interruptTold() { received = 0; }

}  // namespace linalg
