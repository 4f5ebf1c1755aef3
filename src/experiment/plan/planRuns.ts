import { elementCount } from '../../base/elementCount.ts';
import { largestOf } from '../../base/extremes.ts';
import { optimizerSlots } from '../config/optimizerSlots.ts';
import type { RunConfig } from '../config/schema.ts';
import { splitSizes } from '../data/datasetFacts.ts';
import type { Network, Parameter } from '../networks/network.ts';
import { networkOf } from '../sweep/checkRun.ts';
import type { Experiment, ExperimentRun } from '../sweep/loadExperiment.ts';
import { type Speed, secondsPerStep } from './stepTime.ts';

/** What one run will take. */
export interface RunPlan {
  run: string;
  differs: Record<string, unknown>;
  epochs: number;
  /** Epochs that are trained already. */
  epochs_done: number;
  steps_per_epoch: number;
  /** Steps of the epochs that are left. */
  steps: number;
  /** Seconds of these steps; null where no speed is known. */
  time_s: number | null;
  /** Bytes that they add to its files. */
  disk_bytes: number;
}

const BYTES: Record<RunConfig['snapshots']['dtype'], number> = { float32: 4, float16: 2 };
/** Log, status, provenance and the rows of the tables, generously. */
const OTHER_BYTES = 100_000;

/**
 * Returns what is left to do for every run. `speedsOf` gives the speeds measured on this machine for runs of the same kind,
 * `epochsDone` the epochs of a run that are trained already.
 */
export function planRuns(
  { runs }: Pick<Experiment, 'runs'>,
  speedsOf: (config: RunConfig) => readonly Speed[],
  epochsDone: (run: ExperimentRun) => number,
): RunPlan[] {
  return runs.map((run) => {
    const { id, config, differs } = run;
    const done = epochsDone(run);
    const stepsOfEpoch = stepsPerEpoch(config);
    const steps = stepsOfEpoch * (config.epochs - done);
    const network = networkOf(config);
    const held = done === 0 ? 0 : diskBytes({ ...config, epochs: done }, network);
    const seconds = secondsPerStep(speedsOf(config), config.batchSize);
    return {
      run: id,
      differs,
      epochs: config.epochs,
      epochs_done: done,
      steps_per_epoch: stepsOfEpoch,
      steps,
      time_s: seconds === null ? null : seconds * steps,
      disk_bytes: diskBytes(config, network) - held,
    };
  });
}

/** Returns the training steps of an epoch, the last, smaller batch among them. */
export function stepsPerEpoch(
  config: Pick<RunConfig, 'dataset' | 'trainImages' | 'validation' | 'batchSize'>,
): number {
  return Math.ceil(splitSizes(config)!.trained / config.batchSize);
}

/** Returns the bytes a finished run holds: snapshots by the policy, checkpoint, eigenvalues. */
export function diskBytes(config: RunConfig, network: Network): number {
  const { every, dtype, keep } = config.snapshots;
  const layers = config.snapshots.layers ?? network.analyzedLayers;
  const kernels = network.parameters.filter(({ kind, layer }) => kind === 'kernel' && layers.includes(layer));
  const taken = Math.floor(config.epochs / every) + 1 + (config.epochs % every === 0 ? 0 : 1);
  const kept = keep === 'all' ? taken : keep === 'last' ? 1 : 0;
  const whole = config.snapshots.network ? BYTES.float32 * sum(network.parameters.map(size)) : 0;
  const snapshots = kept * (BYTES[dtype] * sum(kernels.map(size)) + whole);
  const spectra = taken * 8 * sum(kernels.map((one) => size(one) / largestOf(one.shape.slice(-2))));
  const slots = optimizerSlots(config.optimizer).length;
  const state = sum(network.parameters.map((one) => size(one) * (one.trainable ? 1 + slots : 1)));
  return snapshots + spectra + 4 * state + OTHER_BYTES;
}

const size = ({ shape }: Parameter): number => elementCount(shape);
const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
