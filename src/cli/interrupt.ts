const EXIT_INTERRUPTED = 130;

/**
 * Returns a signal that the first Ctrl-C (or SIGTERM, as a scheduler sends it) aborts, after `onFirst` has told the user; the
 * second ends the process at once. `release` gives the signals back.
 */
export function interruptSignal(onFirst: () => void): { signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const listener = (): void => {
    if (controller.signal.aborted) process.exit(EXIT_INTERRUPTED);
    controller.abort();
    onFirst();
  };
  process.on('SIGINT', listener);
  process.on('SIGTERM', listener);
  return {
    signal: controller.signal,
    release: () => {
      process.off('SIGINT', listener);
      process.off('SIGTERM', listener);
    },
  };
}
