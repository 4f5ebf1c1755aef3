import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  batchesPerEpoch,
  callShapes,
  epochCalls,
  stepsPerCall,
} from '../../../src/train/step/sessionCalls.ts';

const sizes = fc.record({
  images: fc.integer({ min: 1, max: 1700 }),
  batchSize: fc.integer({ min: 1, max: 80 }),
  gpu: fc.boolean(),
});

describe('epochCalls', () => {
  it('takes every image once, in batches of the batch size and one of the rest', () => {
    fc.assert(
      fc.property(sizes, ({ images, batchSize, gpu }) => {
        const calls = epochCalls(images, batchSize, 0, gpu);
        const batches = calls.flatMap(({ batch, steps }) => Array<number>(steps).fill(batch));
        expect(batches).toHaveLength(batchesPerEpoch(images, batchSize));
        expect(batches.slice(0, -1).every((batch) => batch === batchSize)).toBe(true);
        expect(batches.reduce((a, b) => a + b, 0)).toBe(images);
        let next = 0;
        for (const { first, steps } of calls) {
          expect(first).toBe(next);
          next += steps;
        }
      }),
    );
  });

  it('goes on from the end of any call as it would have without a break', () => {
    fc.assert(
      fc.property(sizes, ({ images, batchSize, gpu }) => {
        const calls = epochCalls(images, batchSize, 0, gpu);
        calls.forEach(({ first }, i) => {
          expect(epochCalls(images, batchSize, first, gpu)).toEqual(calls.slice(i));
        });
        expect(epochCalls(images, batchSize, batchesPerEpoch(images, batchSize), gpu)).toEqual([]);
      }),
    );
  });

  it('asks for compiled shapes only, from whatever batch it starts', () => {
    fc.assert(
      fc.property(sizes, ({ images, batchSize, gpu }) => {
        const shapes = callShapes(images, batchSize, gpu).map(({ batch, steps }) => `${batch}x${steps}`);
        expect(new Set(shapes).size).toBe(shapes.length);
        const asked = Array.from({ length: batchesPerEpoch(images, batchSize) }, (_, from) =>
          epochCalls(images, batchSize, from, gpu).map(({ batch, steps }) => `${batch}x${steps}`),
        );
        const missing = asked.flat().filter((shape) => !shapes.includes(shape));
        expect(missing).toEqual([]);
      }),
    );
  });
});

it('a call holds several small batches, but one large one', () => {
  expect([1, 2, 16, 32, 64, 500].map((size) => stepsPerCall(size, false))).toEqual([16, 16, 4, 2, 1, 1]);
});

it('a GPU is asked for an epoch in a few calls, the rest of the full batches in one of them', () => {
  const calls = epochCalls(50_000, 16, 0, true);
  expect(calls.map(({ steps }) => steps)).toEqual([500, 500, 500, 500, 500, 500, 125]);
  expect(epochCalls(60_000, 128, 0, true)).toEqual([
    { first: 0, batch: 128, steps: 468 },
    { first: 468, batch: 96, steps: 1 },
  ]);
});
