import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { readSafetensors, writeSafetensors } from '../../src/base/safetensors/safetensors.ts';
import { epochStart, readCheckpoint, writeCheckpoint } from '../../src/train/checkpoint.ts';

const folder = mkdtempSync(join(tmpdir(), 'phasewatch-checkpoint-'));
afterAll(() => rmSync(folder, { recursive: true }));

const path = join(folder, 'checkpoint.safetensors');
const state = [
  { name: 'fc1/kernel', shape: [4, 3] },
  { name: 'fc1/bias', shape: [3] },
] as Parameters<typeof writeCheckpoint>[3];
const values = new Map(
  state.map(({ name, shape }) => [
    name,
    Float32Array.from({ length: shape[0]! * (shape[1] ?? 1) }, Math.cos),
  ]),
);
const position = { ...epochStart(12), batches: 3, lossSum: 0.1, correct: 5, images: 9, seconds: 1.5 };

test('gives back what was written', () => {
  writeCheckpoint(path, 'this run', position, state, values);
  expect(readCheckpoint(path, 'this run', state)).toEqual({ position, values });
});

test('is refused when any one bit of it is another', () => {
  writeCheckpoint(path, 'this run', position, state, values);
  const bytes = readFileSync(path);
  fc.assert(
    fc.property(fc.nat({ max: 8 * bytes.length - 1 }), (bit) => {
      const flipped = Uint8Array.from(bytes);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      writeFileSync(path, flipped);
      let read: ReturnType<typeof readCheckpoint> = null;
      try {
        read = readCheckpoint(path, 'this run', state);
      } catch (error) {
        expect(String(error)).toMatch(/checkpoint/);
        return;
      }
      // White space of the header means nothing: what is read must be what was written.
      expect(read).toEqual({ position, values });
    }),
    { numRuns: 1000 },
  );
});

/** As format 2 wrote it: SHA-256 of the sorted metadata, then of each tensor by name, its name and shape before its bytes. */
function sha256Of(metadata: Readonly<Record<string, string>>): string {
  const hash = createHash('sha256').update(JSON.stringify(Object.entries(metadata).sort()));
  for (const name of ['fc1/bias', 'fc1/kernel']) {
    const { shape } = state.find((variable) => variable.name === name)!;
    hash.update(JSON.stringify([name, shape])).update(new Uint8Array(values.get(name)!.buffer));
  }
  return hash.digest('hex');
}

test('of a newer version says so; of older ones, with SHA-256 or without a checksum, is read', () => {
  writeCheckpoint(path, 'this run', position, state, values);
  const { metadata, tensors } = readSafetensors(path);
  writeSafetensors(path, tensors, { ...metadata, format: 'phasewatch checkpoint 9' });
  expect(() => readCheckpoint(path, 'this run', state)).toThrow(
    /must be of this version of phasewatch \(format 3\), got one of a newer version \(format 9\)/,
  );
  const { crc32: _, ...rest } = metadata;
  const second = { ...rest, format: 'phasewatch checkpoint 2' };
  writeSafetensors(path, tensors, { ...second, sha256: sha256Of(second) });
  expect(readCheckpoint(path, 'this run', state)).toEqual({ position, values });
  writeSafetensors(path, tensors, { ...second, sha256: sha256Of({ ...second, epoch: '11' }) });
  expect(() => readCheckpoint(path, 'this run', state)).toThrow(/it is damaged/);
  writeSafetensors(path, tensors, { ...rest, format: 'phasewatch checkpoint 1' });
  expect(readCheckpoint(path, 'this run', state)).toEqual({ position, values });
  writeSafetensors(path, tensors, rest);
  expect(() => readCheckpoint(path, 'this run', state)).toThrow(/it is damaged/);
  writeSafetensors(path, tensors, { ...rest, format: 'constructor' });
  expect(() => readCheckpoint(path, 'this run', state)).toThrow(/must be one of phasewatch/);
});
