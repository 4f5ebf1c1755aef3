import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { randomStream } from '../../src/base/random/stream.ts';
import { writeSafetensors } from '../../src/base/safetensors/safetensors.ts';
import { UserError } from '../../src/base/userError.ts';
import { readResults } from '../../src/experiment/results/readResults.ts';
import { alphaOfMuFigure } from '../../src/paper/calculations/alphaOfMuFigure.ts';
import type { CalculationOptions } from '../../src/paper/calculations/calculation.ts';
import { fittedAlphaFigure } from '../../src/paper/calculations/fittedAlphaFigure.ts';
import { runCalculation } from '../../src/paper/calculations/runCalculation.ts';
import { loadReproduction } from '../../src/paper/registry.ts';
import { reproducedNumbers } from '../../src/paper/reproducedNumbers.ts';
import { typescriptLinearAlgebra } from '../../src/spectra/linalg/typescriptLinearAlgebra.ts';
import { gaussianMatrix } from '../../src/spectra/synthetic/matrices.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'calculation-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

const options = (weights: readonly string[] = []): CalculationOptions => ({
  algebra: typescriptLinearAlgebra,
  weights,
  progress: async () => {},
});
const found = (experiment: string, calculated: object) => ({
  experiment,
  results: readResults(dir),
  cut: null,
  calculated: calculated as Record<string, { value: number; draws: number }>,
  algebra: typescriptLinearAlgebra,
  resultsOf: () => null,
});

describe('a calculation', () => {
  it('of Gaussian matrices lies on the law, is written as a results folder, and is not repeated', async () => {
    const parameters = { columns: 60, draws: 3 };
    const { numbers, computed } = await runCalculation(dir, 'marchenkoPastur', parameters, options());
    expect(computed).toBe(true);
    const checks = loadReproduction('marchenko-pastur').checks;
    const rows = checks.flatMap((check) => reproducedNumbers(check, found('marchenko-pastur', numbers)));
    expect(rows).toHaveLength(12);
    for (const row of rows.filter(({ number }) => number.startsWith('sigma'))) {
      expect(row).toMatchObject({ authors: 1, runs: 3 });
      expect(row.difference).toBeCloseTo(0, 1);
    }
    const results = readResults(dir);
    expect(results.spectra.map(({ layer, M, Q }) => [layer, M, Q])).toEqual([
      ['Q=1', 60, 1],
      ['Q=2', 60, 2],
      ['Q=10', 60, 10],
    ]);
    expect(results.esd(null, null, 'Q=2')).toHaveLength(60);

    const again = await runCalculation(dir, 'marchenkoPastur', parameters, options());
    expect(again).toEqual({ numbers, computed: false });
    const other = await runCalculation(dir, 'marchenkoPastur', { columns: 40, draws: 1 }, options());
    expect(other.computed).toBe(true);
  });

  it('of power laws finds the exponents that the samples have, the nearer the larger they are', async () => {
    const { numbers } = await runCalculation(dir, 'powerLawCalibration', { draws: 6 }, options());
    const [check] = loadReproduction('power-law').checks;
    const rows = reproducedNumbers(check!, found('power-law', numbers));
    expect(rows).toHaveLength(8);
    for (const { difference, authors } of rows)
      expect(Math.abs(difference!)).toBeLessThan(0.1 * Number(authors));
    const off = (n: number): number =>
      [2, 3, 4, 5].reduce(
        (sum, alpha) => sum + Math.abs(numbers[`alpha=${alpha}, n=${n}.alpha`]!.value - alpha),
        0,
      );
    expect(off(5000)).toBeLessThan(off(100));
    const { svg, rows: points } = fittedAlphaFigure(
      [
        { n: 100, alpha: 2, fitted: 2.1, low: 1.9, high: 2.3 },
        { n: 100, alpha: 3, fitted: 3.2, low: 2.8, high: 3.5 },
      ],
      6,
    );
    expect(svg).not.toMatch(/NaN|undefined/);
    expect(points).toHaveLength(2);
  });

  it('of pretrained models finds layers by the names of the files, and needs some', async () => {
    await expect(runCalculation(dir, 'pretrained', {}, options())).rejects.toThrow(UserError);
    const file = join(dir, 'vgg16_bn-6c64b313.safetensors');
    const shape = { rows: 40, cols: 20 };
    const layers = ['classifier.0', 'classifier.3', 'classifier.6'].map((name, i) => {
      const data = Float32Array.from(gaussianMatrix(randomStream(i, 'test'), shape));
      return [`${name}.weight`, { dtype: 'F32' as const, shape: [40, 20], data }] as const;
    });
    writeSafetensors(file, new Map(layers));
    const { numbers } = await runCalculation(dir, 'pretrained', {}, options([file]));
    expect(readResults(dir).spectra.map(({ layer }) => layer)).toEqual([
      'vgg16_bn.fc1',
      'vgg16_bn.fc2',
      'vgg16_bn.fc3',
    ]);
    const [alpha] = loadReproduction('pretrained').checks;
    const rows = reproducedNumbers(alpha!, found('pretrained', numbers));
    expect(rows.map(({ number, authors }) => [number, authors])).toEqual([
      ['alpha, vgg16_bn.fc1', 2.05],
      ['alpha, vgg16_bn.fc2', 1.97],
      ['alpha, vgg16_bn.fc3', 3.03],
    ]);
  });

  it('refuses a file that is not the model of its name', async () => {
    const file = join(dir, 'alexnet.safetensors');
    const data = Float32Array.from(gaussianMatrix(randomStream(1, 'test'), { rows: 40, cols: 20 }));
    writeSafetensors(file, new Map([['fc.weight', { dtype: 'F32', shape: [40, 20], data }]]));
    await expect(runCalculation(dir, 'pretrained', {}, options([file]))).rejects.toThrow(
      /3 dense layers to be alexnet, got 1/,
    );
    await expect(runCalculation(dir, 'pretrained', {}, options([dir]))).rejects.toThrow(/3 dense layers/);
  });
});

it('draws alpha against mu with both laws, the same bytes each time', () => {
  const points = [0.6, 1.4, 3.1].map((mu) => ({ mu, alpha: 1 + mu / 2 }));
  const { svg, rows } = alphaOfMuFigure(points);
  expect(svg).toBe(alphaOfMuFigure(points).svg);
  expect(svg.match(/<circle/g)!.length).toBeGreaterThanOrEqual(points.length);
  expect(rows).toEqual(points);
});
