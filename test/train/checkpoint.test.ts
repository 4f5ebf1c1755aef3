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

test('of a newer version says so; of the one before, without a checksum, is read', () => {
  writeCheckpoint(path, 'this run', position, state, values);
  const { metadata, tensors } = readSafetensors(path);
  writeSafetensors(path, tensors, { ...metadata, format: 'phasewatch checkpoint 9' });
  expect(() => readCheckpoint(path, 'this run', state)).toThrow(
    /must be of this version of phasewatch \(format 2\), got one of a newer version \(format 9\)/,
  );
  const { sha256: _, ...older } = metadata;
  writeSafetensors(path, tensors, { ...older, format: 'phasewatch checkpoint 1' });
  expect(readCheckpoint(path, 'this run', state)).toEqual({ position, values });
  writeSafetensors(path, tensors, older);
  expect(() => readCheckpoint(path, 'this run', state)).toThrow(/it is damaged/);
});
