import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { openSafetensors, type Tensor, writeSafetensors } from '../base/safetensors/safetensors.ts';
import { UserError } from '../base/userError.ts';
import type { StateVariable } from './step/trainingGraph.ts';

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
 * Returns the checkpoint at `path`, or null where there is none. Throws UserError for one that cannot serve, of another identity (see
 * runIdentity) or not whole: starting over would throw away what it took to train.
 */
export function readCheckpoint(
  path: string,
  identity: string,
  state: readonly StateVariable[],
): { position: TrainingPosition; values: Map<string, Float32Array> } | null {
  if (!existsSync(path)) return null;
  const { metadata, read, close } = whole(path, () => openSafetensors(path));
  try {
    if (metadata.format !== FORMAT) throw refusal(path, 'must be one of phasewatch, got another file');
    if (metadata.identity !== identity) {
      throw refusal(
        path,
        'must be of a run with these settings, got one of another run, or of another version of phasewatch',
      );
    }
    const tensors = whole(path, () =>
      state.map(({ name }) => [name, read(name).data as Float32Array] as const),
    );
    return { position: positionIn(metadata), values: new Map(tensors) };
  } finally {
    close();
  }
}

function whole<Part>(path: string, take: () => Part): Part {
  try {
    return take();
  } catch (error) {
    throw refusal(path, `must be whole: ${(error as Error).message}`);
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

function refusal(path: string, reason: string): UserError {
  return new UserError(
    `checkpoint ${path} ${reason}; remove ${dirname(path)} to train the run from its beginning, or choose another folder with --out`,
  );
}
