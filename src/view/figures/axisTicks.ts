import { largestOf, smallestOf } from '../../base/extremes.ts';
export interface NiceAxis {
  min: number;
  max: number;
  ticks: number[];
  format: (value: number) => string;
}

/** Returns a linear axis that holds all values, its ends on round numbers; `from` is a value it must reach down to. */
export function niceAxis(
  values: readonly number[],
  { count = 5, from }: { count?: number; from?: number } = {},
): NiceAxis {
  let min = Math.min(smallestOf(values), from ?? Number.POSITIVE_INFINITY);
  let max = largestOf(values);
  if (!(max > min)) {
    const air = Math.abs(min) * 0.05 || 0.5;
    min -= air;
    max += air;
  }
  const step = roundStep((max - min) / count);
  const first = Math.floor(min / step + 1e-9);
  const last = Math.ceil(max / step - 1e-9);
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
  return {
    min: first * step,
    max: last * step,
    ticks,
    format: tickFormat(step, largestOf(ticks.map(Math.abs))),
  };
}

/** Returns ticks of a logarithmic axis: powers of ten, not all of them where they are many, 1, 2 and 5 where they are few. */
export function logTicks(min: number, max: number): number[] {
  const low = Math.floor(Math.log10(min));
  const high = Math.ceil(Math.log10(max));
  const decades = Math.log10(max / min);
  const stride = Math.max(1, Math.ceil(decades / 6));
  const factors = decades < 2 ? [1, 2, 5] : [1];
  const ticks: number[] = [];
  for (let power = low; power <= high; power += stride) {
    for (const factor of factors) ticks.push(Number(`${factor}e${power}`));
  }
  return ticks.filter((tick) => tick >= min && tick <= max);
}

/** Returns the label of a tick of logTicks. */
export function logLabel(value: number): string {
  return value >= 1e-3 && value < 1e4 ? String(value) : value.toExponential(0).replace('+', '');
}

/**
 * Returns the values whose labels fit side by side on a logarithmic axis of `width` pixels; the first and the last are kept.
 */
export function readableLogTicks(values: readonly number[], width: number): number[] {
  const sorted = [...new Set(values)].sort((a, b) => a - b);
  const span = Math.log(sorted.at(-1)! / sorted[0]!) || 1;
  const place = (value: number): number => (Math.log(value / sorted[0]!) / span) * width;
  const half = (value: number): number => String(value).length * 3.6 + 3;
  const last = sorted.at(-1)!;
  const kept: number[] = [];
  for (const value of sorted) {
    const fitsBefore =
      kept.length === 0 || place(value) - half(value) >= place(kept.at(-1)!) + half(kept.at(-1)!);
    const fitsAfter = value === last || place(value) + half(value) <= place(last) - half(last);
    if (value === last && !fitsBefore) kept.pop();
    if ((fitsBefore && fitsAfter) || value === last) kept.push(value);
  }
  return kept;
}

function roundStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((step) => step >= rough * 0.999)!;
}

/** The most decimals a label may have. */
const MOST_DIGITS = 5;

/** Returns the format that tells multiples of `step` up to `largest` apart. */
function tickFormat(step: number, largest: number): (value: number) => string {
  const decimals = decimalsOf(step);
  if (decimals <= MOST_DIGITS && largest < 1e6) return (value) => value.toFixed(decimals);
  const unit = 10 ** Math.floor(Math.log10(largest));
  const digits = Math.max(1, decimalsOf(step / unit));
  return (value) => (Math.abs(value) < step / 2 ? '0' : value.toExponential(digits));
}

/** Returns how many decimals the number has, rounding aside. */
function decimalsOf(value: number): number {
  let decimals = 0;
  const left = (): number => Math.abs(value * 10 ** decimals - Math.round(value * 10 ** decimals));
  while (decimals < 15 && left() > 1e-6 * value * 10 ** decimals) decimals++;
  return decimals;
}
