import { halfToFloat } from '../../../base/floats/halfFloat.ts';
import { decodeNumbers } from '../../tensors/floatBytes.ts';
import type { FloatDtype } from '../../tensors/weightsFile.ts';

/** Values of a tensor, and the root mean square of the steps between neighbouring ones that its blocks can hold. */
interface Decoded {
  values: Float32Array | Float64Array;
  step: number;
}

/** An element type of GGML: how many values a block has, how many bytes it takes, and its values; null: listed only. */
export interface GgmlType {
  dtype: string;
  blockValues: number;
  blockBytes: number;
  decode: ((bytes: Uint8Array<ArrayBuffer>) => Decoded) | null;
}

const plain = (dtype: FloatDtype, bytes: number): GgmlType => ({
  dtype,
  blockValues: 1,
  blockBytes: bytes,
  decode: (data) => ({ values: decodeNumbers(dtype, data), step: 0 }),
});

/** Writes the values of the block at `at` to `values` from `to` on, and returns the sum of the squared steps of all of them. */
type DecodeBlock = (data: DataView, at: number, values: Float32Array, to: number) => number;

const blocks = (
  dtype: string,
  blockValues: number,
  blockBytes: number,
  decodeBlock: DecodeBlock,
): GgmlType => ({
  dtype,
  blockValues,
  blockBytes,
  decode: (bytes) => {
    const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const count = Math.floor(bytes.length / blockBytes);
    const values = new Float32Array(count * blockValues);
    let squares = 0;
    for (let block = 0; block < count; block++) {
      squares += decodeBlock(data, block * blockBytes, values, block * blockValues);
    }
    return { values, step: values.length === 0 ? 0 : Math.sqrt(squares / values.length) };
  },
});

const unread = (dtype: string): GgmlType => ({ dtype, blockValues: 1, blockBytes: 1, decode: null });

const half = (data: DataView, at: number): number => halfToFloat(data.getUint16(at, true));

/** Values in blocks of 32, in super-blocks of 256. */
const SMALL = 32;
const SUPER = 256;
/** What added to a number leaves it as it is, zeros with their sign too. */
const NOTHING = -0;

/** Scale d, then 32 signed bytes: d q. */
const q8: DecodeBlock = (data, at, values, to) => {
  const d = half(data, at);
  for (let i = 0; i < SMALL; i++) values[to + i] = d * data.getInt8(at + 2 + i);
  return SMALL * d ** 2;
};

/** Scale d, where `hasMinimum` a minimum m, then 16 bytes: their low halves are the first 16 values, their high ones the others: d (q - 8) or d q + m. */
const q4 =
  (hasMinimum: boolean): DecodeBlock =>
  (data, at, values, to) => {
    const d = half(data, at);
    const [zero, minimum] = hasMinimum ? [0, half(data, at + 2)] : [8, NOTHING];
    const from = at + (hasMinimum ? 4 : 2);
    for (let i = 0; i < SMALL / 2; i++) {
      const byte = data.getUint8(from + i);
      values[to + i] = d * ((byte & 15) - zero) + minimum;
      values[to + SMALL / 2 + i] = d * ((byte >> 4) - zero) + minimum;
    }
    return SMALL * d ** 2;
  };

/** As q4, with 32 bits before the 16 bytes that are the fifth ones: d (q - 16) or d q + m. */
const q5 =
  (hasMinimum: boolean): DecodeBlock =>
  (data, at, values, to) => {
    const d = half(data, at);
    const [zero, minimum] = hasMinimum ? [0, half(data, at + 2)] : [16, NOTHING];
    const from = at + (hasMinimum ? 4 : 2);
    const high = data.getUint32(from, true);
    for (let i = 0; i < SMALL / 2; i++) {
      const byte = data.getUint8(from + 4 + i);
      values[to + i] = d * (((byte & 15) | (((high >>> i) & 1) << 4)) - zero) + minimum;
      values[to + SMALL / 2 + i] = d * (((byte >> 4) | (((high >>> (i + 16)) & 1) << 4)) - zero) + minimum;
    }
    return SMALL * d ** 2;
  };

/** 16 bytes of a scale s and a minimum m of 4 bits for 16 values each, 64 bytes of four values, then d and dmin: d s q - dmin m. */
const q2k: DecodeBlock = (data, at, values, to) => {
  const [d, dmin] = [half(data, at + 80), half(data, at + 82)];
  let squares = 0;
  for (let i = 0; i < SUPER; i++) {
    const both = data.getUint8(at + (i >> 4));
    const step = d * (both & 15);
    values[to + i] = step * twoBits(data, at + 16, i) - dmin * (both >> 4);
    squares += step ** 2;
  }
  return squares;
};

/** 32 bytes of third bits, 64 bytes of four values, twelve of 16 scales of 6 bits for 16 values each, then d: d (s - 32) (q - 4). */
const q3k: DecodeBlock = (data, at, values, to) => {
  const d = half(data, at + 108);
  let squares = 0;
  for (let i = 0; i < SUPER; i++) {
    const high = (data.getUint8(at + (i & 31)) >> (i >> 5)) & 1;
    const step = d * (sixBitScale(data, at + 96, i >> 4) - 32);
    values[to + i] = step * ((twoBits(data, at + 32, i) | (high << 2)) - 4);
    squares += step ** 2;
  }
  return squares;
};

/** Each half of 128 values: quarters of 32 share 32 bytes, two bits each. */
const twoBits = (data: DataView, from: number, i: number): number =>
  (data.getUint8(from + 32 * (i >> 7) + (i & 31)) >> (2 * ((i >> 5) & 3))) & 3;

/** The low 4 bits of scales 0 to 7 and 8 to 15 share eight bytes; the upper 2 of every fourth scale share one of four more. */
const sixBitScale = (data: DataView, from: number, scale: number): number =>
  ((data.getUint8(from + (scale & 7)) >> (4 * (scale >> 3))) & 15) |
  (((data.getUint8(from + 8 + (scale & 3)) >> (2 * (scale >> 2))) & 3) << 4);

/**
 * Scales d and dmin, twelve bytes of eight scales and eight minima of 6 bits, where `hasFifth` 32 bytes of fifth bits (bit g for group g),
 * then 128 bytes of two values: d s q - dmin m.
 */
const q4k =
  (hasFifth: boolean): DecodeBlock =>
  (data, at, values, to) => {
    const [d, dmin] = [half(data, at), half(data, at + 2)];
    const [fifths, fours] = [at + 16, at + (hasFifth ? 48 : 16)];
    let squares = 0;
    for (let group = 0; group < 8; group++) {
      const [scale, minimum] = scaleAndMinimum(data, at + 4, group);
      const step = d * scale;
      const offset = dmin * minimum;
      // Groups 2k and 2k + 1 share 32 bytes: low halves and high halves.
      const from = fours + SMALL * (group >> 1);
      const shift = (group & 1) * 4;
      for (let i = 0; i < SMALL; i++) {
        const fifth = hasFifth ? (data.getUint8(fifths + i) >> group) & 1 : 0;
        const q = ((data.getUint8(from + i) >> shift) & 15) | (fifth << 4);
        values[to + SMALL * group + i] = step * q - offset;
      }
      squares += SMALL * step ** 2;
    }
    return squares;
  };

/** The first four groups have their 6 bits in bytes 0 to 3 and 4 to 7; the last four have 4 bits in bytes 8 to 11 and 2 on top of the first ones. */
function scaleAndMinimum(data: DataView, at: number, group: number): [number, number] {
  const byte = (index: number): number => data.getUint8(at + index);
  if (group < 4) return [byte(group) & 63, byte(group + 4) & 63];
  return [
    (byte(group + 4) & 15) | ((byte(group - 4) >> 6) << 4),
    (byte(group + 4) >> 4) | ((byte(group) >> 6) << 4),
  ];
}

/** 128 bytes of low halves, 64 bytes of two upper bits, 16 signed scales of 16 values each, then d: d s (q - 32). */
const q6k: DecodeBlock = (data, at, values, to) => {
  const d = half(data, at + 208);
  let squares = 0;
  for (let i = 0; i < SUPER; i++) {
    // Each half of 128 values: quarters of 32 share bytes of low halves in pairs, and bytes of upper bits all four.
    const [part, rest] = [i >> 7, i & 127];
    const [quarter, j] = [rest >> 5, rest & 31];
    const low = (data.getUint8(at + 64 * part + 32 * (quarter & 1) + j) >> (4 * (quarter >> 1))) & 15;
    const high = (data.getUint8(at + 128 + 32 * part + j) >> (2 * quarter)) & 3;
    const step = d * data.getInt8(at + 192 + (i >> 4));
    values[to + i] = step * ((low | (high << 4)) - 32);
    squares += step ** 2;
  }
  return squares;
};

/** Types by their number in ggml.h. */
export const GGML_TYPES: Readonly<Record<number, GgmlType>> = {
  0: plain('float32', 4),
  1: plain('float16', 2),
  2: blocks('Q4_0', SMALL, 18, q4(false)),
  3: blocks('Q4_1', SMALL, 20, q4(true)),
  6: blocks('Q5_0', SMALL, 22, q5(false)),
  7: blocks('Q5_1', SMALL, 24, q5(true)),
  8: blocks('Q8_0', SMALL, 34, q8),
  9: unread('Q8_1'),
  10: blocks('Q2_K', SUPER, 84, q2k),
  11: blocks('Q3_K', SUPER, 110, q3k),
  12: blocks('Q4_K', SUPER, 144, q4k(false)),
  13: blocks('Q5_K', SUPER, 176, q4k(true)),
  14: blocks('Q6_K', SUPER, 210, q6k),
  15: unread('Q8_K'),
  16: unread('IQ2_XXS'),
  17: unread('IQ2_XS'),
  18: unread('IQ3_XXS'),
  19: unread('IQ1_S'),
  20: unread('IQ4_NL'),
  21: unread('IQ3_S'),
  22: unread('IQ2_S'),
  23: unread('IQ4_XS'),
  24: unread('int8'),
  25: unread('int16'),
  26: unread('int32'),
  27: unread('int64'),
  28: plain('float64', 8),
  29: unread('IQ1_M'),
  30: plain('bfloat16', 2),
  34: unread('TQ1_0'),
  35: unread('TQ2_0'),
  39: unread('MXFP4'),
};
