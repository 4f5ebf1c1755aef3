import { expect, it, vi } from 'vitest';
import { readLayers, type SkippedLayer } from '../../src/analyze/analyzeWeights.ts';
import { typescriptLinearAlgebra } from '../../src/spectra/linalg/typescriptLinearAlgebra.ts';
import type { WeightsLayer } from '../../src/weights/tensors/weightsFile.ts';

/** A layer that must not be read: reading it would unpack it first. */
const unread = (shape: number[], dtype = 'float32'): WeightsLayer => ({
  name: 'w',
  kind: 'dense',
  shape,
  dtype,
  convLayout: null,
  read: () => {
    throw new Error('read');
  },
});

function reasonOf(layer: WeightsLayer): string | undefined {
  const skipped: SkippedLayer[] = [];
  const file = { path: 'f', format: 'npz', layers: () => [layer], skipped: [], close() {} };
  expect([...readLayers(file, { conv: 'slices' }, skipped, typescriptLinearAlgebra)]).toEqual([]);
  return skipped[0]?.reason;
}

it('a layer larger than an array can be is refused before it is read', () => {
  expect(reasonOf(unread([36864, 36864]))).toBe(
    'the values of a layer must be at most 4.3 GB, got 5.4 GB ([36864, 36864])',
  );
});

it('a layer is refused with what it would need, its square product counted too', () => {
  vi.spyOn(process, 'constrainedMemory').mockReturnValue(1e9);
  // 0.4 GB of values and 0.8 GB of W^T W
  expect(reasonOf(unread([10_000, 10_000]))).toBe(
    'a layer of shape [10000, 10000] must have 1.2 GB of memory or more, got 1.0 GB',
  );
  expect(() => reasonOf(unread([10_000, 10]))).toThrow('read');
});
