import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bfloats16ToFloats,
  floatToBfloat16,
  floatToHalf,
  halfToFloat,
  halvesToFloats,
} from '../../../src/base/floats/halfFloat.ts';

const ALL = Uint16Array.from({ length: 65536 }, (_, bits) => bits);

describe.each([
  { name: 'binary16', toFloat: halfToFloat, fromFloat: floatToHalf, infinity: 0x7c00 },
  {
    name: 'bfloat16',
    toFloat: (bits: number) => bfloats16ToFloats(Uint16Array.of(bits))[0]!,
    fromFloat: floatToBfloat16,
    infinity: 0x7f80,
  },
])('$name', ({ toFloat, fromFloat, infinity }) => {
  it('gives every value back', () => {
    for (const bits of ALL) {
      const value = toFloat(bits);
      const same = Number.isNaN(value) ? Number.isNaN(toFloat(fromFloat(value))) : fromFloat(value) === bits;
      if (!same) throw new Error(`bits ${bits} (${value}) must come back, got ${fromFloat(value)}`);
    }
  });

  it('rounds to the nearer neighbour, ties to even', () => {
    // The neighbours of every positive finite value; the midpoint of two is exact in float32.
    for (let bits = 0; bits < infinity - 1; bits++) {
      const low = toFloat(bits);
      const middle = (low + toFloat(bits + 1)) / 2;
      const nearby = Math.fround(middle * (1 + 2 ** -22));
      const even = bits % 2 === 0 ? bits : bits + 1;
      if (fromFloat(middle) !== even || fromFloat(-middle) !== (even | 0x8000)) {
        throw new Error(`${middle} must round to ${even}, got ${fromFloat(middle)}`);
      }
      if (nearby > middle && fromFloat(nearby) !== bits + 1) {
        throw new Error(`${nearby} must round to ${bits + 1}, got ${fromFloat(nearby)}`);
      }
    }
  });

  it('is monotone and odd', () => {
    const finite = fc.float({ noNaN: true });
    fc.assert(
      fc.property(finite, finite, (a, b) => {
        const [low, high] = a <= b ? [a, b] : [b, a];
        expect(toFloat(fromFloat(low))).toBeLessThanOrEqual(toFloat(fromFloat(high)));
        expect(toFloat(fromFloat(-a))).toBe(-toFloat(fromFloat(a)));
      }),
    );
  });

  it('keeps infinities and overflows to them', () => {
    expect(fromFloat(Infinity)).toBe(infinity);
    expect(fromFloat(-3.4028235e38)).toBe(infinity | 0x8000);
  });
});

it('knows the corners of binary16', () => {
  expect([0x0001, 0x03ff, 0x0400, 0x3c00, 0x7bff, 0xc000].map(halfToFloat)).toEqual([
    2 ** -24,
    1023 * 2 ** -24,
    2 ** -14,
    1,
    65504,
    -2,
  ]);
  expect(floatToHalf(65519.996)).toBe(0x7bff);
  expect(floatToHalf(65520)).toBe(0x7c00);
  expect(halvesToFloats(new Uint16Array([0x8000]))[0]).toBe(-0);
});
