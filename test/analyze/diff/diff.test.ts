import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { diffLayer } from '../../../src/analyze/diff/diffLayer.ts';
import { diffWeights } from '../../../src/analyze/diff/diffWeights.ts';
import { randomStream } from '../../../src/base/random/stream.ts';
import { type Tensor, writeSafetensors } from '../../../src/base/safetensors/safetensors.ts';
import { analysisSchema } from '../../../src/experiment/config/schema.ts';
import { DELTA_COLUMNS, DIFF_COLUMNS } from '../../../src/spectra/diffColumns.ts';
import { typescriptLinearAlgebra as algebra } from '../../../src/spectra/linalg/typescriptLinearAlgebra.ts';
import { leadingDirections, subspaceOverlap } from '../../../src/spectra/singularOverlap.ts';
import { roundedMatrix } from '../../../src/spectra/synthetic/roundedMatrix.ts';
import { openWeights } from '../../../src/weights/openWeights.ts';

const ROWS = 60;
const COLS = 40;
const options = { analysis: analysisSchema.parse({}), algebra, top: 3 };
const noise = (seed: number): Float64Array => {
  const stream = randomStream(seed, 'test/diff');
  return Float64Array.from({ length: ROWS * COLS }, () => stream.normal());
};
const layer = (W: Float32Array | Float64Array, precision: 'float64' | 'bfloat16' = 'float64') =>
  ({ layer: 'fc', rows: ROWS, cols: COLS, matrices: [W], precision, where: 'test' }) as const;
const unit = (length: number, at: number): Float64Array =>
  Float64Array.from({ length }, (_, i) => (i === at ? 1 : 0));

/** Singular values by the axes they lie on. */
function onAxes(values: readonly (readonly [sigma: number, row: number, col: number])[]): Float64Array {
  const W = new Float64Array(ROWS * COLS);
  for (const [sigma, row, col] of values) W[row * COLS + col] = sigma;
  return W;
}

describe('leadingDirections', () => {
  it.each([
    [ROWS, COLS],
    [COLS, ROWS],
  ])('gives the axes of a %i x %i matrix, the largest first, on both sides', (rows, cols) => {
    const W = new Float64Array(rows * cols);
    W[7 * cols + 2] = 5;
    W[4 * cols + 9] = -3;
    const { short, long } = leadingDirections({ W, rows, cols }, 3, algebra);
    const onRows = rows < cols ? short : long;
    const onCols = rows < cols ? long : short;
    expect(onRows.map((v) => v.findIndex((x) => Math.abs(x) > 0.5))).toEqual([7, 4]);
    expect(onCols.map((v) => v.findIndex((x) => Math.abs(x) > 0.5))).toEqual([2, 9]);
    for (const v of [...short, ...long]) expect(Math.hypot(...v)).toBeCloseTo(1, 12);
  });
});

describe('subspaceOverlap', () => {
  it('is 1 for one space in another basis, 0 for orthogonal ones, the squared cosine between lines', () => {
    const [x, y, z] = [0, 1, 2].map((at) => unit(3, at));
    const turned = [
      [0.6, 0.8, 0],
      [-0.8, 0.6, 0],
    ].map((v) => Float64Array.from(v));
    expect(subspaceOverlap([x!, y!], turned)).toBeCloseTo(1, 12);
    expect(subspaceOverlap([x!, y!], [z!])).toBe(0);
    expect(subspaceOverlap([x!], turned.slice(0, 1))).toBeCloseTo(0.36, 12);
    expect(subspaceOverlap([], [x!])).toBeNull();
  });
});

describe('diffLayer', () => {
  it('finds the change of rank one that was made, in closed form', () => {
    const A = onAxes([
      [3, 0, 0],
      [2, 1, 1],
      [1, 2, 2],
    ]);
    const B = onAxes([
      [3, 0, 0],
      [2, 1, 1],
      [1, 2, 2],
      [4, 5, 1],
    ]);
    const row = diffLayer(layer(A), layer(B), options);
    expect(row).toMatchObject({ N: ROWS, M: COLS, delta_lambda_max: 16, delta_matrix_rank: 1, top: 3 });
    expect(row.frobenius_delta).toBeCloseTo(4, 12);
    expect(row.relative_change).toBeCloseTo(4 / Math.sqrt(14), 12);
    expect(row.relative_spectral).toBeCloseTo(4 / 3, 12);
    expect(row.cosine).toBeCloseTo(14 / Math.sqrt(14 * 30), 12);
    // Its column axis is one of the three of A, its row axis is none.
    expect(row.delta_overlap_short).toBeCloseTo(1, 12);
    expect(row.delta_overlap_long).toBeCloseTo(0, 12);
    expect([row.chance_short, row.chance_long]).toEqual([3 / COLS, 3 / ROWS]);
  });

  it('has overlaps near chance for independent noise, and 1 with itself', () => {
    const [a, b] = [layer(noise(1)), layer(noise(2))];
    const apart = diffLayer(a, b, { ...options, top: 20 });
    expect(apart.overlap_short!).toBeCloseTo(20 / COLS, 1);
    expect(apart.overlap_long!).toBeCloseTo(20 / ROWS, 1);
    const same = diffLayer(a, a, options);
    expect(same).toMatchObject({
      relative_change: 0,
      alpha_change: 0,
      delta_phase: null,
      delta_overlap_short: null,
    });
    expect(same.overlap_short).toBeCloseTo(1, 12);
  });

  it('takes the rounding of what is compared for no change of rank', () => {
    const W = noise(1);
    const row = diffLayer(layer(W), layer(roundedMatrix(W, 'bfloat16'), 'bfloat16'), options);
    expect(row.relative_change!).toBeGreaterThan(1e-4);
    expect(row.delta_matrix_rank).toBe(0);
    // A true change of rank one beyond it is seen.
    const changed = roundedMatrix(
      W.map((w, i) => w + (i < COLS ? 0.5 : 0)),
      'bfloat16',
    );
    expect(diffLayer(layer(W), layer(changed, 'bfloat16'), options).delta_matrix_rank).toBe(1);
  });

  it.each([1e200, -1e308 / 8, 1e-200])(
    'refuses weights times %d, whose norm float64 cannot square',
    (factor) => {
      const W = noise(1);
      const far = layer(W.map((w) => w * factor));
      expect(() => diffLayer(layer(W), far, options)).toThrow('must have a norm between 2^-500 and 2^500');
      expect(() => diffLayer(far, layer(W), options)).toThrow('must have a norm between 2^-500 and 2^500');
      const zero = layer(new Float64Array(ROWS * COLS));
      expect(diffLayer(layer(W), zero, options).relative_change).toBe(1);
    },
  );

  it('has the columns of the table, and those of spectra.csv for the difference', () => {
    const keys = Object.keys(diffLayer(layer(noise(1)), layer(noise(2)), options));
    expect(keys).toEqual([
      ...DIFF_COLUMNS.map(([name]) => name),
      ...DELTA_COLUMNS.map((name) => `delta_${name}`),
    ]);
  });
});

describe('diffWeights', () => {
  const folder = mkdtempSync(join(tmpdir(), 'diff-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const file = (name: string, layers: Record<string, number[]>) => {
    const tensors = Object.entries(layers).map(([key, shape]): [string, Tensor] => [
      key,
      {
        dtype: 'F32',
        shape,
        data: Float32Array.from({ length: shape[0]! * shape[1]! }, (_, i) => Math.sin(i)),
      },
    ]);
    writeSafetensors(join(folder, name), new Map(tensors), {});
    return openWeights(join(folder, name));
  };

  it('pairs layers by name without wrappers, and tells what is in one only and what does not fit', () => {
    const a = file('a', {
      'fc1.weight': [12, 9],
      'fc2.weight': [9, 9],
      'embed.weight': [20, 8],
      'gone.weight': [9, 8],
    });
    const b = file('b', {
      'model.fc1.weight': [12, 9],
      'fc2.weight': [9, 9],
      'model.embed.weight': [24, 8],
      'model.new.weight': [9, 8],
    });
    const diff = diffWeights(a, b, { ...options, conv: 'slices', wants: () => true, onLayer: () => {} });
    expect(diff.layers.map(({ layer: name, layer_b }) => [name, layer_b])).toEqual([
      ['fc1.weight', 'model.fc1.weight'],
      ['fc2.weight', 'fc2.weight'],
    ]);
    expect(diff.refused).toEqual([
      { layer: 'embed.weight', reason: 'shapes must be equal, got 20 x 8 and 24 x 8' },
    ]);
    expect([diff.onlyA, diff.onlyB]).toEqual([['gone.weight'], ['model.new.weight']]);
    for (const one of [a, b]) one.close();
  });

  it('takes none of two layers that have one name without wrappers', () => {
    const a = file('c', {
      'fc1.weight': [12, 9],
      'fc2.weight': [9, 9],
      'net.fc3.weight': [9, 8],
      'model.fc3.weight': [9, 8],
    });
    const b = file('d', {
      'model.fc1.weight': [12, 9],
      'module.fc1.weight': [12, 9],
      'fc2.weight': [9, 9],
      'model.fc2.weight': [9, 9],
      'fc3.weight': [9, 8],
    });
    const diff = diffWeights(a, b, { ...options, conv: 'slices', wants: () => true, onLayer: () => {} });
    expect(diff.layers.map(({ layer: name, layer_b }) => [name, layer_b])).toEqual([
      ['fc2.weight', 'fc2.weight'],
    ]);
    expect(diff.onlyA.toSorted()).toEqual(['fc1.weight', 'model.fc3.weight', 'net.fc3.weight']);
    expect(diff.onlyB).toHaveLength(4);
    for (const one of [a, b]) one.close();
  });
});
