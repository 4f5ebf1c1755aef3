import { expect, it } from 'vitest';
import { memoryFile } from '../../src/base/files/randomAccessFile.ts';
import { decodeNumbers, NUMBER_BYTES, readNumbers } from '../../src/weights/tensors/floatBytes.ts';

// More than is read at a time, and no multiple of it.
const BYTES = 2 ** 24 + 2 ** 20 + 8;
const OFFSET = 24;
const bytes = Uint8Array.from({ length: OFFSET + BYTES }, (_, i) => (i * 2654435761) >>> 24);

it.each([
  ['bfloat16', false],
  ['float16', true],
  ['float8_e5m2', false],
  ['int8', false],
  ['int64', true],
  ['float32', false],
] as const)('of %s (big-endian: %s) are those of the bytes decoded at once', (dtype, bigEndian) => {
  const count = BYTES / NUMBER_BYTES[dtype];
  const read = readNumbers(memoryFile('f', bytes), dtype, { offset: OFFSET, count, bigEndian }, 't');
  const atOnce = decodeNumbers(dtype, bytes.slice(OFFSET), bigEndian);
  expect(read).toHaveLength(count);
  // as bits: NaN is among them
  expect(Buffer.compare(new Uint8Array(read.buffer), new Uint8Array(atOnce.buffer))).toBe(0);
});

it('names what lies outside the file', () => {
  const numbers = { offset: OFFSET, count: BYTES };
  expect(() => readNumbers(memoryFile('f', bytes), 'bfloat16', numbers, 'tensor w')).toThrow(/tensor w/);
});
