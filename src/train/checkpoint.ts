import { existsSync } from 'node:fs';
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
 * Returns the checkpoint at `path`, or null with the reason when it cannot serve: none there, not whole, or of a run with another
 * identity (see runIdentity) or state.
 */
export function readCheckpoint(
  path: string,
  identity: string,
  state: readonly StateVariable[],
):
  | { position: TrainingPosition; values: Map<string, Float32Array> }
  | { position: null; reason: string | null } {
  if (!existsSync(path)) return { position: null, reason: null };
  try {
    const file = openSafetensors(path);
    try {
      if (file.metadata.format !== FORMAT) return { position: null, reason: `${path} is not a checkpoint` };
      if (file.metadata.identity !== identity) {
        return { position: null, reason: `${path} belongs to a run with other settings` };
      }
      const values = new Map(state.map(({ name }) => [name, file.read(name).data as Float32Array] as const));
      const number = (key: keyof TrainingPosition): number => Number(file.metadata[key]);
      return {
        position: {
          epoch: number('epoch'),
          batches: number('batches'),
          lossSum: number('lossSum'),
          correct: number('correct'),
          images: number('images'),
          seconds: number('seconds'),
        },
        values,
      };
    } finally {
      file.close();
    }
  } catch (error) {
    return { position: null, reason: (error as Error).message };
  }
}
