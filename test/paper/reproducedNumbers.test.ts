import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { randomStream } from '../../src/base/random/stream.ts';
import { parseRunConfig } from '../../src/experiment/config/schema.ts';
import { writeSpectraCsv } from '../../src/experiment/results/csvFiles.ts';
import { resultsLayout } from '../../src/experiment/results/layout.ts';
import { NO_CIRCUMSTANCES, NOT_EVALUATED } from '../../src/experiment/results/metricsRow.ts';
import { type Results, type RunResults, readResults } from '../../src/experiment/results/readResults.ts';
import { authorsNumber } from '../../src/paper/authors.ts';
import { cutParameters, cutText } from '../../src/paper/cutText.ts';
import { checkSchema } from '../../src/paper/experimentFile.ts';
import { paperFigures } from '../../src/paper/paperFigures.ts';
import { loadReproduction } from '../../src/paper/registry.ts';
import { type Found, reproducedNumbers } from '../../src/paper/reproducedNumbers.ts';
import { writeReproduction } from '../../src/paper/writeReproduction.ts';
import { layerSpectrum } from '../../src/spectra/layerSpectrum.ts';
import { typescriptLinearAlgebra } from '../../src/spectra/linalg/typescriptLinearAlgebra.ts';
import { spectrumOf } from '../../src/spectra/measures/spectrum.ts';
import type { SpectrumRow } from '../../src/spectra/spectrumRow.ts';
import { gaussianSpectrum } from '../../src/spectra/synthetic/gaussianSpectrum.ts';
import { resultsFigures } from '../../src/view/figures/resultsFigures.ts';

const SHAPE = { N: 400, M: 100 };
const NO_PHASE = {
  phase: null,
  phase_confidence: null,
  phase_ambiguous: null,
  phase_runner_up: null,
  phase_evidence: null,
  warning: null,
} as const;

/** Noise of sigma 1.2 and spikes far above it. */
function eigenvalues(seed: number): Float64Array {
  const noise = gaussianSpectrum(randomStream(seed, 'test'), SHAPE).map((value) => 1.44 * value);
  noise.set([10, 11, 12], SHAPE.M - 3);
  return noise;
}

/** Results of two seeds at batch size 16 and one at 2, epochs 0 to 2, of one layer. */
function results(): Results & { rows: SpectrumRow[] } {
  const runs: RunResults[] = [
    { id: 'b=16_seed=1', batchSize: 16, seed: 1 },
    { id: 'b=16_seed=2', batchSize: 16, seed: 2 },
    { id: 'b=2', batchSize: 2, seed: 1 },
  ].map(({ id, batchSize, seed }) => ({
    id,
    config: parseRunConfig({ network: 'miniAlexNet', dataset: 'cifar10', batchSize, seed, epochs: 2 }),
    status: null,
    provenance: null,
    snapshots: [],
    metrics: [0, 1, 2].map((epoch) => ({
      epoch,
      learning_rate: 0.01,
      train_loss: null,
      train_accuracy: epoch === 0 ? null : 0.5 + epoch / 10 + seed / 100,
      test_loss: 0.05,
      test_accuracy: 0.4 + epoch / 10 + seed / 100,
      images_per_second: null,
      train_time_s: null,
      ...NO_CIRCUMSTANCES,
      ...NOT_EVALUATED,
    })),
  }));
  const rows: SpectrumRow[] = runs.flatMap(({ id, config }) =>
    [0, 1, 2].map((epoch) => ({
      run: id,
      epoch,
      layer: 'fc1',
      ...layerSpectrum(spectrumOf(eigenvalues(config!.seed), SHAPE)),
      ...NO_PHASE,
      stable_rank: 225 - epoch - config!.seed,
      phase: config!.batchSize === 2 ? ('heavy-tailed' as const) : ('bulk+spikes' as const),
    })),
  );
  return {
    dir: 'nowhere',
    experiment: { name: 'test', description: null, yaml: null },
    runs,
    spectra: rows,
    rows,
    reproduction: [],
    esd: (run) => eigenvalues(runs.find(({ id }) => id === run)!.config!.seed),
  };
}

const found: Found = {
  experiment: 'test',
  results: results(),
  cut: '2 of 100 epochs',
  calculated: { 'mu=1.2.alpha': { value: 1.7, draws: 5 } },
  algebra: typescriptLinearAlgebra,
  resultsOf: () => null,
};
const numbers = (check: object) =>
  reproducedNumbers(checkSchema.parse({ number: 'number', why: 'other seeds', ...check }), found);

describe('numbers of the paper beside those found', () => {
  it('follow a curve along the epochs, shifted as the authors count, as far as the runs went', () => {
    const rows = numbers({
      measure: 'stable_rank',
      layer: 'fc1',
      where: { batchSize: 16 },
      authors: 'minialexnet_baseline.stable_rank_fc1',
      epochs: { list: 'minialexnet_baseline.epochs', shift: 1 },
      tolerance: { absolute: 10 },
    });
    // The authors' indices 0 and 1 are the states after epochs 1 and 2; seeds 1 and 2 give a mean 1.5 below.
    expect(rows.map(({ number, authors, here }) => [number, authors, here])).toEqual([
      ['number, epoch 1', 222, 222.5],
      ['number, epoch 2', 207.6, 221.5],
    ]);
    expect(rows.map(({ within }) => within)).toEqual([true, false]);
    expect(rows[1]!.difference).toBeCloseTo(13.9, 10);
    expect(rows[0]).toMatchObject({ runs: 2, tolerance: 10, cut: '2 of 100 epochs', why: 'other seeds' });
    // Of two values 1 apart.
    expect(rows[0]!.here_sd).toBeCloseTo(Math.SQRT1_2, 10);
    expect(rows[0]!.source).toContain('AlexNet-Baseline.ipynb');
  });

  it('are of the last epoch where none is given, and apart for runs that differ by more than the seed', () => {
    const rows = numbers({
      measure: 'test_accuracy',
      authors: 'minialexnet_baseline.final.test',
      tolerance: { relative: 0.2 },
    });
    expect(rows.map(({ number, runs }) => [number, runs])).toEqual([
      ['number, batchSize=16', 2],
      ['number, batchSize=2', 1],
    ]);
    expect(rows[0]!.here).toBeCloseTo(0.615, 12);
    expect(rows[0]!.tolerance).toBeCloseTo(0.2 * 0.763, 12);
    expect(rows[0]!.within).toBe(true);
  });

  it('come row by row of a table, with those of third parties, for the batch sizes that were run', () => {
    const rows = numbers({
      measure: 'phase',
      layer: 'fc1',
      authors: 'minialexnet_batch_sweep.rows',
      rows: { key: 'b', setting: 'batchSize', field: 'phase' },
      thirdParty: { rows: 'third_party.kp_kepra.fc1', field: 'phase' },
    });
    expect(
      rows.map(({ number, authors, third_party, here, within }) => [
        number,
        authors,
        third_party,
        here,
        within,
      ]),
    ).toEqual([
      ['number, b=16', 'bulk+spikes', 'bulk-decay', 'bulk+spikes', true],
      ['number, b=2', 'heavy-tailed', 'heavy-tailed', 'heavy-tailed', true],
    ]);
  });

  it("drop the authors' number of spikes where their rule asks for it", () => {
    const [row] = numbers({
      measure: 'edge_sigma',
      layer: 'fc1',
      spikes: 3,
      where: { seed: 1, batchSize: 2 },
    });
    const edge = eigenvalues(1)[SHAPE.M - 4]!;
    expect(row!.here).toBeCloseTo(Math.sqrt(edge) / (1 + 1 / Math.sqrt(4)), 12);
    const [soft] = numbers({ measure: 'edge_softrank', layer: 'fc1', spikes: 3, where: { batchSize: 2 } });
    expect(soft!.here).toBeCloseTo(edge / 12, 12);
  });

  it('count the share of the first of 100 bins', () => {
    const evals = eigenvalues(1);
    const end = evals[0]! + (12 - evals[0]!) / 100;
    const [row] = numbers({ measure: 'first_bin_share', layer: 'fc1', where: { batchSize: 2 } });
    expect(row!.here).toBe([...evals].filter((value) => value < end).length / SHAPE.M);
  });

  it('repeat a slip under its name: ten spectra pooled', () => {
    const rows = numbers({
      measure: 'pooled_stable_rank',
      layer: 'fc1',
      where: { batchSize: 16 },
      slip: true,
    });
    const norms = [1, 2].map((seed) => eigenvalues(seed).reduce((a, b) => a + b));
    expect(rows[0]!.number).toBe('slip: number');
    expect(rows[0]!.here).toBeCloseTo((10 * (norms[0]! + norms[1]!)) / 2 / 12, 10);
  });

  it('are one row without a value where nothing was found, with the reason', () => {
    const rows = numbers({
      measure: 'test_accuracy',
      authors: 'minialexnet_l2.final.test',
      from: 'minialexnet-baseline',
    });
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ here: null, within: null, runs: null });
    expect(rows[0]!.why).toContain('run minialexnet-baseline first');
  });

  it('take what a calculation found by layer', () => {
    const rows = numbers({
      measure: 'calculated.*.alpha',
      authors: 'universality.single_draws_300x1000.rows',
      rows: { key: 'layer', setting: 'layer', field: 'alpha' },
      tolerance: { relative: 0.1 },
    });
    expect(rows.map(({ number, here, runs, within }) => [number, here, runs, within])).toEqual([
      ['number, mu=1.2', 1.7, 5, true],
    ]);
  });

  it('refuse a measure that no table has', () => {
    expect(() => numbers({ measure: 'stable_rnak', layer: 'fc1' })).toThrow(/stable_rnak/);
    expect(() => numbers({ measure: 'stable_rank' })).toThrow(/metrics\.csv/);
    expect(() => authorsNumber('lenet5.fc1.sgima')).toThrow(/lenet5\.fc1\.sgima/);
  });
});

describe('every check of the sweep', () => {
  it('finds a number in results that have all columns', () => {
    const rows = loadReproduction('batch-sweep')
      .checks.filter(({ layer, rows }) => layer !== 'fc2' && rows?.spikes === undefined)
      .flatMap((check) => reproducedNumbers(check, found));
    const sizes = rows.map(({ number }) => /b=(\d+)/.exec(number)![1]);
    expect(new Set(sizes)).toEqual(new Set(['16', '2']));
    expect(rows.every(({ here }) => here !== null)).toBe(true);
  });
});

it('every figure of the sweep is one that its results folder has', () => {
  const names = [...resultsFigures(results())].map(({ name }) => join('figures', `${name}.svg`));
  const patterns = Object.entries(loadReproduction('batch-sweep').figures).filter(
    ([name]) => !name.includes('fc2'),
  );
  const figures = paperFigures(Object.fromEntries(patterns), names);
  expect(figures.map(({ shows }) => shows)).toEqual(patterns.map(([, shows]) => shows));
  expect(paperFigures({ 'esd-fc*': 'spectra' }, names).map(({ figure }) => figure)).toEqual([
    'figures/esd-fc1-b=2.svg',
    'figures/esd-fc1-b=16.svg',
  ]);
});

describe('what a scale cuts', () => {
  const config = (changes: object) =>
    parseRunConfig({ network: 'mlp3', dataset: 'cifar10', epochs: 100, ...changes });

  it('is read off the configs', () => {
    const full = [1, 2].flatMap((seed) => [16, 32].map((batchSize) => config({ seed, batchSize })));
    expect(cutText(full, full)).toBeNull();
    const cut = cutText(full, [config({ seed: 1, batchSize: 16, epochs: 2, trainImages: 1000 })]);
    expect(cut!.split(', ').sort()).toEqual([
      '1 of 2 batch sizes',
      '1 of 2 seeds',
      '1000 of 50000 training images',
      '2 of 100 epochs',
    ]);
  });

  it('is read off the parameters of a calculation', () => {
    expect(cutParameters({ draws: 999 }, { draws: 60 })).toBe('60 of 999 draws');
    expect(cutParameters({ draws: 999 }, { draws: 999 })).toBeNull();
  });
});

describe('reproduction.csv', () => {
  const dirs: string[] = [];
  afterEach(() => {
    for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true });
  });

  it('is read back for the report, and keeps the rows of another experiment of the folder', () => {
    const dir = mkdtempSync(join(tmpdir(), 'reproduction-'));
    dirs.push(dir);
    writeSpectraCsv(resultsLayout(dir).spectra, results().rows);
    const [row] = numbers({
      measure: 'test_loss',
      authors: 'minialexnet_baseline.final.mse',
      where: { batchSize: 2 },
    });
    writeReproduction(dir, 'test', [row!]);
    writeReproduction(dir, 'other', [{ ...row!, experiment: 'other' }]);
    writeReproduction(dir, 'test', [{ ...row!, here: 1 }]);
    const read = readResults(dir).reproduction;
    expect(read.map(({ experiment, here }) => [experiment, here])).toEqual([
      ['other', 0.05],
      ['test', 1],
    ]);
  });
});
