import { openWeights } from '../../src/weights/openWeights.ts';
import type { WeightsLayer } from '../../src/weights/tensors/weightsFile.ts';

export const fixture = (name: string): string =>
  new URL(`../fixtures/weights/${name}`, import.meta.url).pathname;

/** The values that scripts/makeWeightFixtures.py gives an array: exact in every float type. */
export function pattern(shape: readonly number[], seed: number): number[] {
  const length = shape.reduce((product, side) => product * side, 1);
  return Array.from({ length }, (_, i) => (((i * 37 + seed * 11) % 101) - 50) / 64);
}

export type ReadLayer = Omit<WeightsLayer, 'read'> & { values: readonly number[] };

/** Everything in a fixture. */
export function readAll(path: string): {
  format: string;
  layers: Record<string, ReadLayer>;
  skipped: Record<string, string>;
} {
  const file = openWeights(path);
  try {
    const layers = [...file.layers()].map(
      ({ read, ...layer }) => [layer.name, { ...layer, values: [...read()] }] as const,
    );
    return {
      format: file.format,
      layers: Object.fromEntries(layers),
      skipped: Object.fromEntries(file.skipped.map(({ name, reason }) => [name, reason])),
    };
  } finally {
    file.close();
  }
}

export const transposed = (values: readonly number[], rows: number, cols: number): number[] =>
  Array.from({ length: rows * cols }, (_, i) => values[(i % rows) * cols + Math.floor(i / rows)]!);
