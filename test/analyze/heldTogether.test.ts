import { expect, it } from 'vitest';
import { heldTogether } from '../../src/analyze/analyzeWeights.ts';

const MANY = 2 ** 24;

/** Layers of so many values, without the values; `read` tells what was read so far. */
function* layers(sizes: readonly number[], read: number[]) {
  for (const length of sizes) {
    read.push(length);
    yield { matrices: [{ length } as Float32Array] };
  }
}

it('hands on what is read before it reads more than the cores need', () => {
  const read: number[] = [];
  const seen: [held: number[], read: number][] = [];
  for (const held of heldTogether(layers([1, 2, MANY, 3 * MANY, 5, 6], read), 2)) {
    seen.push([held.map(({ matrices }) => matrices[0]!.length), read.length]);
  }
  expect(seen).toEqual([
    [[1, 2, MANY], 3],
    [[3 * MANY], 4],
    [[5, 6], 6],
  ]);
});

it('holds one layer at a time where none can share the cores', () => {
  const read: number[] = [];
  for (const held of heldTogether(layers([1, 2, 3], read), 1)) {
    expect(held).toHaveLength(1);
    expect(read).toHaveLength(held[0]!.matrices[0]!.length);
  }
});
