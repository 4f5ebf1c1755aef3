import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as Plot from '@observablehq/plot';
import { expect, it } from 'vitest';
import { randomStream } from '../../../src/base/random/stream.ts';
import { layerSpectrum } from '../../../src/spectra/layerSpectrum.ts';
import { typescriptLinearAlgebra } from '../../../src/spectra/linalg/typescriptLinearAlgebra.ts';
import type { SpectrumRow } from '../../../src/spectra/spectrumRow.ts';
import { lowRankMatrix } from '../../../src/spectra/synthetic/matrices.ts';
import { weightSpectra } from '../../../src/spectra/weightSpectra.ts';
import { esdFigure } from '../../../src/view/figures/esdFigures.ts';
import type { Figure } from '../../../src/view/figures/figure.ts';
import { drawSheet } from '../../../src/view/figures/sheet.ts';
import { writeFigures } from '../../../src/view/writeFigures.ts';

/** The largest coordinate of a figure; NaN where one is none. */
const reachOf = (svg: string): number =>
  (svg.match(/<(?!text|title)[^>]+>/g) ?? [])
    .map((tag) => tag.replace(/#[\da-f]{6}|(aria-label|id)="[^"]*"/g, ''))
    .flatMap((tag) => tag.match(/NaN|Infinity|-?\d[\d.]*(e[+-]?\d+)?/g) ?? [])
    .reduce((most, text) => Math.max(most, Math.abs(Number(text))), 0);

/** The coordinates come first: over larger ones the rasterizer ends the process, and no test could tell. */
async function expectDrawn(figure: Figure): Promise<void> {
  expect(reachOf(figure.svg), figure.name).toBeLessThan(5000);
  const dir = mkdtempSync(join(tmpdir(), 'reach-'));
  try {
    const { figures, pngMissing } = await writeFigures(dir, [figure]);
    expect([figures.length, pngMissing]).toEqual([1, null]);
    expect(readFileSync(join(dir, `${figure.name}.png`)).length).toBeGreaterThan(1000);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

it.each([1e-5, 1e-3])(
  'draws a law of noise of %d under ten eigenvalues of 1, narrower than a pixel',
  async (noise) => {
    const shape = { rows: 96, cols: 96 };
    const W = lowRankMatrix(randomStream(1, 'reach'), shape, { rank: 10, noise });
    const weights = { rows: 96, cols: 96, matrices: [W], precision: 'float32' as const };
    const [spectrum] = weightSpectra([weights], typescriptLinearAlgebra);
    const values = layerSpectrum(spectrum!);
    const row = {
      ...values,
      run: 'low',
      epoch: 0,
      layer: 'fc1',
      phase: 'rank-collapse',
    } as unknown as SpectrumRow;
    expect(row.lambda_plus! / row.lambda_max!).toBeLessThan(1e-2);
    await expectDrawn(esdFigure({ row, evals: spectrum!.eigenvalues }));
  },
);

it.each([
  [
    'a line',
    Plot.line(
      [
        [0.5, -1e12],
        [0.5, 1e12],
        [1e15, 0.5],
      ],
      { stroke: 'red' },
    ),
  ],
  [
    'a clipped line',
    Plot.line(
      [
        [0.5, -1e9],
        [0.5001, -1e4],
        [0.5, 1e12],
      ],
      { stroke: 'red', clip: true },
    ),
  ],
  [
    'an area',
    Plot.areaY(
      [
        [0, 1e12],
        [0.5, 1],
        [1, 1e9],
      ],
      { x: '0', y1: -1e12, y2: '1' },
    ),
  ],
] as const)('cuts %s that leaves its panel by far', async (_, mark) => {
  const scale = { domain: [0, 1] };
  const plot = { x: scale, y: scale, marks: [mark] };
  const panels = [{ plot }];
  const svg = drawSheet({ title: 'far', panels, columns: 1, panelWidth: 300, panelHeight: 200 });
  await expectDrawn({ name: 'far', svg, columns: [], rows: [] });
});
