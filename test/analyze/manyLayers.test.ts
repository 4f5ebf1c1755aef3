import { expect, it } from 'vitest';
import { analyzeWeights } from '../../src/analyze/analyzeWeights.ts';
import { analysisSchema } from '../../src/experiment/config/schema.ts';
import { typescriptLinearAlgebra } from '../../src/spectra/linalg/typescriptLinearAlgebra.ts';
import { niceAxis } from '../../src/view/figures/axisTicks.ts';
import { layerTable } from '../../src/view/terminal/layerTable.ts';
import type { WeightsFile } from '../../src/weights/tensors/weightsFile.ts';

const MANY = 200_000;

it('takes a file of 200,000 tensors that are no layers', () => {
  const skipped = Array.from({ length: MANY }, (_, i) => ({ name: `t${i}`, reason: 'no matrix' }));
  const W = { name: 'w', kind: 'dense', shape: [3, 2], dtype: 'float32', convLayout: null } as const;
  const file: WeightsFile = {
    path: 'many.safetensors',
    format: 'safetensors',
    skipped,
    *layers() {
      yield { ...W, read: () => Float32Array.from([1, 2, 3, 4, 5, 7]) };
    },
    close() {},
  };
  const found = analyzeWeights(file, analysisSchema.parse({}), typescriptLinearAlgebra, { conv: 'slices' });
  expect(found.skipped).toHaveLength(MANY);
  const row = { file: 'many', ...found.layers[0]!.row };
  expect(
    layerTable(
      Array.from({ length: MANY }, () => row),
      200,
    ).split('\n'),
  ).toHaveLength(MANY + 1);
});

it('draws axes of 200,000 values', () => {
  expect(niceAxis(Array.from({ length: MANY }, (_, i) => i)).max).toBe(MANY);
});
