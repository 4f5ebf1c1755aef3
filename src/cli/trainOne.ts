import type { CommandModule } from 'yargs';
import { UserError } from '../base/userError.ts';
import { loadDataset } from '../experiment/data/loadDataset.ts';
import { runLayout } from '../experiment/results/layout.ts';
import { collectEnvironment } from '../experiment/results/provenance.ts';
import type { RunStatus } from '../experiment/results/runStatus.ts';
import type { RunEvent } from '../experiment/status/runEvents.ts';
import type { ChildTask, FromChild, ToChild } from '../run/childMessages.ts';
import { engineOptions, engineVersions } from '../run/engineOptions.ts';
import { runInProcess } from '../run/runInProcess.ts';
import { refreshEngine } from '../train/engine/install/ensureEngine.ts';
import { loadEngine } from '../train/engine/loadEngine.ts';
import { leaveTerminalToParent, whenParentGoes } from './parent.ts';

const STEP_EVENT_INTERVAL_MS = 100;

/** `train-one`: trains the run that the parent process sends, then ends. For the executor's use. */
export const trainOneCommand: CommandModule = {
  handler: async () => {
    if (process.send === undefined) {
      throw new UserError('train-one must be started by phasewatch itself', 'Use phasewatch train CONFIG.');
    }
    const interrupt = new AbortController();
    leaveTerminalToParent();
    process.on('SIGTERM', () => interrupt.abort());
    whenParentGoes(() => interrupt.abort());
    const task = await new Promise<ChildTask>((resolve) => {
      process.on('message', (message: ToChild) => {
        if (message.type === 'task') resolve(message.task);
        else interrupt.abort();
      });
    });
    // The engine's threads, and the parent's channel, would keep the process alive when its work is done or has failed.
    try {
      const status = await train(task, interrupt.signal);
      tell({ type: 'ended', status }, () => process.exit(0));
    } catch (error) {
      setImmediate(() => process.exit());
      throw error;
    }
  },
};

async function train(
  { run, dir, config, source, threads, device, gpuMemory }: ChildTask,
  signal: AbortSignal,
): Promise<RunStatus> {
  await refreshEngine({
    signal,
    onMessage: (message) => tell({ type: 'event', event: { type: 'engine', message } }),
  });
  const engine = loadEngine({ ...engineOptions({ threads, device }, [config]), gpuMemory });
  return runInProcess({
    run,
    files: runLayout(dir),
    config,
    dataset: loadDataset(config.dataset, config),
    binding: engine.binding,
    commandPid: process.ppid,
    environment: collectEnvironment({ engine: engineVersions(engine), threads, device }),
    source,
    signal,
    onEvent: throttled((event) => tell({ type: 'event', event })),
  });
}

/** Steps are told ten times a second at most; everything else always. */
function throttled(tellEvent: (event: RunEvent) => void): (event: RunEvent) => void {
  let last = Number.NEGATIVE_INFINITY;
  return (event) => {
    if (event.type === 'step') {
      if (performance.now() - last < STEP_EVENT_INTERVAL_MS) return;
      last = performance.now();
    }
    tellEvent(event);
  };
}

/** A parent that is gone hears nothing; the run ends at its next step. */
function tell(message: FromChild, done: () => void = () => {}): void {
  if (process.connected) process.send!(message, undefined, undefined, done);
  else done();
}
