import { UserError } from '../base/userError.ts';
import { ROUNDINGS, type Rounding } from '../spectra/measures/rounding.ts';
import { openWeights } from './openWeights.ts';
import type { WeightsLayer } from './tensors/weightsFile.ts';

type Values = Float32Array | Float64Array;

/** What the weights of one file are to those of another: other ones, or the same, in a finer or a coarser element type or in as fine. */
export type Likeness = 'other' | 'same' | 'finer' | 'coarser';

/** Returns what the second file is to the first; null where that cannot be said. */
export type Compare = (pathA: string, pathB: string) => Likeness | null;

/**
 * Returns what tells whether a file holds the layers of another, whatever these are called: as many, of the same shapes (or with inputs and
 * outputs swapped, as frameworks do) and the same values, as far as the coarser of two element types tells them apart. null where that
 * cannot be said: a file that cannot be read, is quantized, or has no layers. Each file is opened once for the sizes of its layers; values
 * are read only where those of another one are the same.
 */
export function compareWeights(): Compare {
  const known = new Map<string, string | null>();
  const sizes = (path: string): string | null => {
    if (!known.has(path))
      known.set(
        path,
        unlessBroken(() => withLayers(path, sizesOf)),
      );
    return known.get(path)!;
  };
  return (pathA, pathB) => {
    const [a, b] = [sizes(pathA), sizes(pathB)];
    if (a === null || b === null) return null;
    if (a !== b) return 'other';
    return unlessBroken(() => withLayers(pathA, (ofA) => withLayers(pathB, (ofB) => likeness(ofA, ofB))));
  };
}

function unlessBroken<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof UserError) return null;
    throw error;
  }
}

const sizesOf = (layers: readonly WeightsLayer[]): string | null =>
  layers.length === 0 ? null : layers.map(sizeOf).join(' ');

function withLayers<T>(path: string, use: (layers: WeightsLayer[]) => T): T {
  const file = openWeights(path);
  try {
    return use([...file.layers()].sort(bySizeAndName));
  } finally {
    file.close();
  }
}

function likeness(a: readonly WeightsLayer[], b: readonly WeightsLayer[]): Likeness | null {
  const [bitsOfA, bitsOfB] = [significantBits(a), significantBits(b)];
  if (bitsOfA === null || bitsOfB === null) return null;
  if (!a.every((layer, i) => sameValues(layer, b[i]!))) return 'other';
  if (bitsOfA === bitsOfB) return 'same';
  return bitsOfB > bitsOfA ? 'finer' : 'coarser';
}

/** Returns the significant bits of all values together; null where some are no plain floats. */
function significantBits(layers: readonly WeightsLayer[]): number | null {
  let bits = 0;
  for (const layer of layers) {
    const rounding = roundingIn(layer);
    if (rounding === null) return null;
    bits += sizeOf(layer) * rounding.significantBits;
  }
  return bits;
}

const sizeOf = ({ shape }: WeightsLayer): number => shape.reduce((product, side) => product * side, 1);

/** Layers of one size come in the order of their names, which copies share but for what stands before or after them. */
const bySizeAndName = (a: WeightsLayer, b: WeightsLayer): number =>
  sizeOf(a) - sizeOf(b) || a.name.localeCompare(b.name, 'en', { numeric: true });

/** Returns what a plain float rounds to; null for values that were quantized in blocks. */
export function roundingIn({ dtype, rounding }: WeightsLayer): Rounding | null {
  const isPlain = (rounding ?? null) === null && Object.hasOwn(ROUNDINGS, dtype);
  return isPlain ? ROUNDINGS[dtype as keyof typeof ROUNDINGS] : null;
}

/** Returns whether two numbers may be one, rounded to two element types. */
type Near = (x: number, y: number) => boolean;

function sameValues(a: WeightsLayer, b: WeightsLayer): boolean {
  const [left, right] = [
    { shape: a.shape, values: a.read() },
    { shape: b.shape, values: b.read() },
  ];
  const near = nearness(roundingIn(a)!, roundingIn(b)!);
  return (
    (sameSides(a.shape, b.shape) && left.values.every((value, i) => near(value, right.values[i]!))) ||
    sameTurned(left, right, near) ||
    sameTurned(right, left, near)
  );
}

export function nearness(a: Rounding, b: Rounding): Near {
  if (a === b) return (x, y) => x === y || Object.is(x, y);
  const { significantBits, step } = a.significantBits < b.significantBits ? a : b;
  return (x, y) =>
    x === y || Object.is(x, y) || Math.abs(x - y) <= 2 ** -significantBits * Math.abs(x) + step / 2;
}

interface Tensor {
  shape: readonly number[];
  values: Values;
}

/** Whether the axes outputs, inputs, kernel of `a` are kernel, inputs, outputs in `b`, with the same values. */
function sameTurned(a: Tensor, b: Tensor, near: Near): boolean {
  const [outputs, inputs, ...kernel] = a.shape;
  if (outputs === undefined || inputs === undefined) return false;
  if (!sameSides([...kernel, inputs, outputs], b.shape)) return false;
  const positions = kernel.reduce((product, side) => product * side, 1);
  return a.values.every((value, i) => {
    const position = i % positions;
    const input = Math.floor(i / positions) % inputs;
    const output = Math.floor(i / (positions * inputs));
    return near(value, b.values[(position * inputs + input) * outputs + output]!);
  });
}

const sameSides = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((side, i) => side === b[i]);
