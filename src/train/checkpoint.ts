import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { refuseNewerFormat } from '../base/files/formatVersion.ts';
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

const FORMAT = 'phasewatch checkpoint 2';
/** Is read as well: it is the same, without a checksum. */
const FORMAT_WITHOUT_CHECKSUM = 'phasewatch checkpoint 1';

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
  const metadata = { format: FORMAT, identity, ...Object.fromEntries(numbers) };
  writeSafetensors(path, tensors, { ...metadata, sha256: checksum(metadata, tensors) });
}

/**
 * Returns the checkpoint at `path`, or null where there is none. Throws UserError for one that cannot serve, of another identity (see
 * runIdentity), of a newer version, or not as it was written to the last bit: starting over would throw away what it took to train.
 */
export function readCheckpoint(
  path: string,
  identity: string,
  state: readonly StateVariable[],
): { position: TrainingPosition; values: Map<string, Float32Array> } | null {
  if (!existsSync(path)) return null;
  const { metadata, read, close } = whole(path, () => openSafetensors(path));
  try {
    refuseNewerFormat(path, metadata.format ?? null, FORMAT);
    if (metadata.format !== FORMAT && metadata.format !== FORMAT_WITHOUT_CHECKSUM) {
      throw refusal(path, 'must be one of phasewatch, got another file');
    }
    if (metadata.identity !== identity) {
      throw refusal(
        path,
        'must be of a run with these settings, got one of another run, or of another version of phasewatch',
      );
    }
    const tensors = whole(path, () => new Map(state.map(({ name }) => [name, read(name)])));
    const { sha256, ...rest } = metadata;
    if (metadata.format === FORMAT && sha256 !== checksum(rest, tensors)) {
      throw refusal(path, 'must be as it was written, got another checksum: it is damaged');
    }
    return {
      position: positionIn(metadata),
      values: new Map([...tensors].map(([name, { data }]) => [name, data as Float32Array])),
    };
  } finally {
    close();
  }
}

/** Returns the SHA-256 of everything in a checkpoint, in an order that does not depend on how it is laid out. */
function checksum(metadata: Readonly<Record<string, string>>, tensors: ReadonlyMap<string, Tensor>): string {
  const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number =>
    a < b ? -1 : 1;
  const hash = createHash('sha256').update(JSON.stringify(Object.entries(metadata).sort(byName)));
  for (const [name, { shape, data }] of [...tensors].sort(byName)) {
    hash.update(JSON.stringify([name, shape]));
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest('hex');
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
