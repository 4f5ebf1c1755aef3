import { takeInstallLock } from '../engine/installLock.ts';
import { UserError } from '../files/userError.ts';

/**
 * Returns a function that gives the results folder free again, once this process has it for itself; the folder is made when
 * missing. Throws UserError when another command is at work in it. What a killed command left locked is taken over.
 */
export function lockResults(dir: string): Promise<() => void> {
  return takeInstallLock(dir, {
    onWait: ({ pid, host, since }) => {
      throw new UserError(
        `results folder must not be in use, got ${dir}: process ${pid} on ${host} works in it since ${since}`,
        `Watch it with: phasewatch status ${dir} --watch`,
      );
    },
  });
}

/**
 * Returns a function that gives a run's folder free again, once this process has it. It waits for another one: where a command was
 * killed and started again, its old child may still be finishing the step.
 */
export function lockRun(dir: string, signal: AbortSignal): Promise<() => void> {
  return takeInstallLock(dir, { signal });
}
