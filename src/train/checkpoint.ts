import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { UserError } from '../files/userError.ts';
import { openSafetensors, type Tensor, writeSafetensors } from '../snapshots/safetensors.ts';
import type { StateVariable } from './trainingGraph.ts';

/** Where a run stands: `epoch` epochs are finished and `batches` batches of the next one, with the sums over those. */
export interface TrainingPosition {
  epoch: number;
  batches: number;
  /** Sums over the images of the unfinished epoch. */
  lossSum: number;
  correct: number;
  images: number;
  seconds: number;
}

const FORMAT = 'phasewatch checkpoint 1';

/** Returns the position after `epoch` whole epochs. */
export function epochStart(epoch: number): TrainingPosition {
  return { epoch, batches: 0, lossSum: 0, correct: 0, images: 0, seconds: 0 };
}

/** Writes all a resume needs: every variable, optimizer slots and moving statistics included, and the position in the data. */
export function writeCheckpoint(
  path: string,
  identity: string,
  position: TrainingPosition,
  state: readonly StateVariable[],
  values: ReadonlyMap<string, Float32Array>,
): void {
  const tensors = new Map<string, Tensor>(
    state.map(({ name, shape }) => [name, { dtype: 'F32', shape, data: values.get(name)! }]),
  );
  const numbers = Object.entries(position).map(([key, value]) => [key, String(value)]);
  writeSafetensors(path, tensors, { format: FORMAT, identity, ...Object.fromEntries(numbers) });
}

/**
 * Returns the checkpoint at `path`, or null with the reason when it cannot serve: none there, not whole, or of another state. Throws
 * UserError for a whole one of another identity (see runIdentity): starting over would throw away what it took to train.
 */
export function readCheckpoint(
  path: string,
  identity: string,
  state: readonly StateVariable[],
):
  | { position: TrainingPosition; values: Map<string, Float32Array> }
  | { position: null; reason: string | null } {
  if (!existsSync(path)) return { position: null, reason: null };
  const file = attempt(() => openSafetensors(path));
  if ('reason' in file) return { position: null, reason: file.reason };
  const { metadata, read, close } = file.value;
  try {
    if (metadata.format !== FORMAT) return { position: null, reason: `${path} is not a checkpoint` };
    if (metadata.identity !== identity) throw mismatch(path);
    const values = attempt(
      () => new Map(state.map(({ name }) => [name, read(name).data as Float32Array] as const)),
    );
    if ('reason' in values) return { position: null, reason: values.reason };
    return { position: positionIn(metadata), values: values.value };
  } finally {
    close();
  }
}

function attempt<Value>(take: () => Value): { value: Value } | { reason: string } {
  try {
    return { value: take() };
  } catch (error) {
    return { reason: (error as Error).message };
  }
}

function positionIn(metadata: Record<string, string>): TrainingPosition {
  const number = (key: keyof TrainingPosition): number => Number(metadata[key]);
  return {
    epoch: number('epoch'),
    batches: number('batches'),
    lossSum: number('lossSum'),
    correct: number('correct'),
    images: number('images'),
    seconds: number('seconds'),
  };
}

function mismatch(path: string): UserError {
  return new UserError(
    `checkpoint ${path} must be of a run with these settings, got one of another run, or of another version of phasewatch; ` +
      `remove ${dirname(path)} to train the run from its beginning, or choose another folder with --out`,
  );
}
