#pragma once

#include <stdexcept>

namespace linalg {

/** Thrown where a long computation notices that it was asked to end; `what` is the signal's name. */
struct Interrupted : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/**
 * Hears of SIGINT and SIGTERM from now on where JavaScript listens to them, and passes them on: JavaScript itself would hear of them
 * only when the computation, and what it does before it, is done. Called by the main thread, when the module is loaded and before
 * each computation.
 */
void watchSignals();

/** Throws Interrupted when a signal has come; called between pieces of work of some milliseconds, on any thread. */
void checkInterrupt();

/** Forgets the signal: JavaScript is told. */
void interruptTold();

}  // namespace linalg
