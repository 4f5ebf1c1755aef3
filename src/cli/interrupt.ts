import { Interrupted } from '../base/interrupted.ts';

/**
 * Returns a signal that the first Ctrl-C (or SIGTERM, as a scheduler sends it) aborts, after the exit code is set and `onFirst` has told
 * the user; the second ends the process at once. `release` gives the signals back.
 */
export function interruptSignal(onFirst: () => void): { signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const listener = (name: NodeJS.Signals): void => {
    const reason = new Interrupted(name as 'SIGINT' | 'SIGTERM');
    if (controller.signal.aborted) process.exit(reason.exitCode);
    process.exitCode = reason.exitCode;
    controller.abort(reason);
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
