import { roundingOf, type WeightPrecision } from '../measures/rounding.ts';

/** Returns W as a format stores it: every entry the nearest number of the format, of two as near the even one. Nothing overflows. */
export function roundedMatrix(W: Float64Array, precision: WeightPrecision): Float64Array {
  const { significantBits, step } = roundingOf(precision);
  return W.map((w) => {
    if (w === 0) return 0;
    const exponent = Math.floor(Math.log2(Math.abs(w)));
    const unit = Math.max(2 ** (exponent + 1 - significantBits), step);
    const units = w / unit;
    const rounded = Math.abs(units % 1) === 0.5 ? 2 * Math.round(units / 2) : Math.round(units);
    return rounded * unit;
  });
}
