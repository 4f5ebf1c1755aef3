import { Interrupted, type InterruptSignal } from '../base/interrupted.ts';

const SIGNALS: readonly InterruptSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Returns a signal that the first Ctrl-C aborts (or SIGTERM, as a scheduler sends it, or SIGHUP, where the terminal goes), after the exit
 * code is set and `onFirst` has told the user; the second ends the process at once. `release` gives the signals back.
 */
export function interruptSignal(onFirst: () => void): { signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const listener = (name: InterruptSignal): void => {
    const reason = new Interrupted(name);
    if (controller.signal.aborted) {
      // The shell and the system both tell of the end of a terminal: nobody means it twice.
      if (name !== 'SIGHUP') process.exit(reason.exitCode);
      return;
    }
    process.exitCode = reason.exitCode;
    controller.abort(reason);
    onFirst();
  };
  for (const name of SIGNALS) process.on(name, listener);
  return {
    signal: controller.signal,
    release: () => {
      for (const name of SIGNALS) process.off(name, listener);
    },
  };
}
