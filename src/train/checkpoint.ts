import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
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

const FORMAT = 'phasewatch checkpoint 3';
/** Where the metadata keep the checksum, and how it is taken. Older formats are read as well; the first had none. */
const CHECKSUMS = new Map<string, { key: string; of: (parts: Iterable<Part>) => string } | null>([
  // Damage is found, not malice: any run of up to 32 bits, and all but one in 4e9 of what is longer.
  [FORMAT, { key: 'crc32', of: crc32Of }],
  ['phasewatch checkpoint 2', { key: 'sha256', of: sha256Of }],
  ['phasewatch checkpoint 1', null],
]);

type Part = string | Uint8Array;

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
  writeSafetensors(path, tensors, { ...metadata, crc32: crc32Of(checked(metadata, tensors)) });
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
    const checksum = CHECKSUMS.get(metadata.format ?? '');
    if (checksum === undefined) {
      throw refusal(path, 'must be one of phasewatch, got another file');
    }
    if (metadata.identity !== identity) {
      throw refusal(
        path,
        'must be of a run with these settings, got one of another run, or of another version of phasewatch',
      );
    }
    const tensors = whole(path, () => new Map(state.map(({ name }) => [name, read(name)])));
    if (checksum !== null) {
      const { [checksum.key]: written, ...rest } = metadata;
      if (written !== checksum.of(checked(rest, tensors))) {
        throw refusal(path, 'must be as it was written, got another checksum: it is damaged');
      }
    }
    return {
      position: positionIn(metadata),
      values: new Map([...tensors].map(([name, { data }]) => [name, data as Float32Array])),
    };
  } finally {
    close();
  }
}

/** Gives everything in a checkpoint, in an order that does not depend on how it is laid out. */
function* checked(
  metadata: Readonly<Record<string, string>>,
  tensors: ReadonlyMap<string, Tensor>,
): Generator<Part> {
  const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number =>
    a < b ? -1 : 1;
  yield JSON.stringify(Object.entries(metadata).sort(byName));
  for (const [name, { shape, data }] of [...tensors].sort(byName)) {
    yield JSON.stringify([name, shape]);
    yield new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  }
}

function crc32Of(parts: Iterable<Part>): string {
  let sum = 0;
  for (const part of parts) sum = crc32(part, sum);
  return sum.toString(16).padStart(8, '0');
}

function sha256Of(parts: Iterable<Part>): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

function whole<Taken>(path: string, take: () => Taken): Taken {
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
