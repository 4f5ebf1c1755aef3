import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseHTML } from 'linkedom';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomStream } from '../../../src/base/random/stream.ts';
import { writeSafetensors } from '../../../src/base/safetensors/safetensors.ts';
import type { CsvRow } from '../../../src/experiment/results/csvFiles.ts';
import { type JoinedRow, joinRows } from '../../../src/experiment/results/joinRows.ts';
import { resultsLayout } from '../../../src/experiment/results/layout.ts';
import { type Results, readResults } from '../../../src/experiment/results/readResults.ts';
import { SPECTRUM_COLUMNS } from '../../../src/spectra/columns.ts';
import { marchenkoPasturEdges, marchenkoPasturQuantile } from '../../../src/spectra/laws/marchenkoPastur.ts';
import { typescriptLinearAlgebra } from '../../../src/spectra/linalg/typescriptLinearAlgebra.ts';
import type { SpectrumRow } from '../../../src/spectra/spectrumRow.ts';
import { spikedMatrix } from '../../../src/spectra/synthetic/matrices.ts';
import { eigenvectorFigures } from '../../../src/view/eigenvectorFigures.ts';
import { embedFont } from '../../../src/view/figureFont.ts';
import { comparedByEpochFigures } from '../../../src/view/figures/compareFigures.ts';
import {
  doubleAxisByBatchSizeFigure,
  doubleAxisByEpochFigure,
  measuresByEpochFigure,
} from '../../../src/view/figures/curves.ts';
import { esdFigure, esdGridFigure } from '../../../src/view/figures/esdFigures.ts';
import { esdBars, esdHistogram, type Spectrum } from '../../../src/view/figures/esdHistogram.ts';
import { sequenceColors } from '../../../src/view/figures/figure.ts';
import { layersFigure } from '../../../src/view/figures/layersFigure.ts';
import { localizationFigure } from '../../../src/view/figures/localizationFigure.ts';
import { measure } from '../../../src/view/figures/measure.ts';
import { partsFigure } from '../../../src/view/figures/partsFigure.ts';
import { phaseMapByEpochFigure, phaseMapByLearningRateFigure } from '../../../src/view/figures/phaseMap.ts';
import { resultsFigures } from '../../../src/view/figures/resultsFigures.ts';
import { scatterFigure } from '../../../src/view/figures/scatterFigure.ts';
import { screeFigure } from '../../../src/view/figures/screeFigure.ts';
import { semicircleFigure } from '../../../src/view/figures/semicircleFigure.ts';
import { weightsFigures } from '../../../src/view/figures/weightsFigures.ts';
import { permutedFigures } from '../../../src/view/permutedFigures.ts';
import { writeFigures } from '../../../src/view/writeFigures.ts';
import { writeSyntheticResults } from '../../experiment/results/syntheticResults.ts';

let root: string;
let results: Results;
let rows: JoinedRow[];
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'figures-'));
  results = readResults(writeSyntheticResults(join(root, 'synthetic'), { epochs: 4, seeds: 1 }));
  rows = joinRows(results.spectra, results.runs);
});
afterAll(() => rmSync(root, { recursive: true }));

const spectrumOf = (run: string, layer = 'fc2'): Spectrum => {
  const row = rows.findLast((other) => other.run === run && other.layer === layer)!;
  return { row, evals: results.esd(row.run, row.epoch, row.layer)! };
};
const texts = (svg: string): string[] =>
  [...parseHTML(svg).document.querySelectorAll('text')].map((node) => node.textContent ?? '');

describe('esdHistogram', () => {
  it('counts every eigenvalue once in the linear view, with total density 1', () => {
    const spectrum = spectrumOf('b=8_seed=0');
    const bins = esdHistogram(spectrum, 'linear').bins;
    expect(bins.reduce((sum, bin) => sum + bin.count, 0)).toBe(spectrum.evals.length);
    expect(bins.reduce((sum, bin) => sum + bin.density * (bin.to - bin.from), 0)).toBeCloseTo(1, 12);
  });

  it('counts in each view what lies in its range', () => {
    const spectrum = spectrumOf('b=2_seed=0');
    for (const view of ['bulk', 'edge', 'log'] as const) {
      const bins = esdHistogram(spectrum, view, 30).bins;
      const [from, to] = [bins[0]!.from, bins.at(-1)!.to];
      const inside = spectrum.evals.filter((value) => value >= from && value <= to * (1 + 1e-12));
      expect(bins.reduce((sum, bin) => sum + bin.count, 0)).toBe(inside.length);
    }
  });

  it('has no bins for a spectrum of zeros, and such a figure says so', () => {
    const { row } = spectrumOf('b=8_seed=0');
    const spectrum = { row: { ...row, lambda_plus: null, lambda_max: 0 }, evals: new Float64Array(8) };
    expect(esdHistogram(spectrum, 'linear').bins).toEqual([]);
    expect(texts(esdFigure(spectrum).svg)).toContain('no eigenvalue above 0');
  });
});

describe('esdBars', () => {
  const colours = (evals: number[], edge: number | null) => {
    const above = evals.filter((value) => edge !== null && value > edge).length;
    const bin = { from: 1, to: 100, count: 3, density: 0.5, above };
    return esdBars([bin], edge).map((bar) => {
      expect(bar.density).toBe(bin.density);
      return [bar.from, bar.to, bar.above];
    });
  };

  it('are of one colour on one side of the edge', () => {
    expect(colours([2, 3, 4], null)).toEqual([[1, 100, false]]);
    expect(colours([2, 3, 4], 100)).toEqual([[1, 100, false]]);
    expect(colours([2, 3, 4], 1)).toEqual([[1, 100, true]]);
  });

  it('have the colour of what they hold, wherever the edge crosses them', () => {
    expect(colours([2, 3, 4], 10)).toEqual([[1, 100, false]]);
    expect(colours([2, 3, 4], 1.5)).toEqual([[1, 100, true]]);
  });

  it('part at the edge where they hold eigenvalues of both sides', () => {
    expect(colours([2, 3, 40], 10)).toEqual([
      [1, 10, false],
      [10, 100, true],
    ]);
  });

  it('of a log view never reach beyond the edge of their colour', () => {
    const { row } = drawnSpectrum('b=2', 4);
    const evals = Float64Array.from({ length: 600 }, (_, i) => 0.1 + i / 100);
    const edge = 3.0042;
    const { bins: all } = esdHistogram({ row: { ...row, tw_edge: edge }, evals }, 'log');
    const bins = all.filter(({ count }) => count > 0);
    const bars = esdBars(bins, edge);
    expect(bars.length).toBe(bins.length + 1);
    for (const { from, to, above } of bars) {
      expect(evals.some((value) => value >= from && value <= to && value > edge === above)).toBe(true);
      expect(above ? from >= edge : to <= edge).toBe(true);
    }
  });
});

/** Rows and eigenvalues written down here, so that these pictures change only when the drawing does. */
const drawnSpectrum = (run: string, epoch: number): Spectrum => {
  const [N, M, sigma] = [96, 48, 1];
  const evals = Float64Array.from({ length: M }, (_, i) =>
    i < 46 ? marchenkoPasturQuantile((i + 0.5) / 46, N / M, sigma) : 2 + 0.5 * epoch * (i - 45),
  ).sort();
  const { lambdaMinus, lambdaPlus } = marchenkoPasturEdges(N / M, sigma);
  const empty = Object.fromEntries(SPECTRUM_COLUMNS.map(([column]) => [column, null]));
  const lambda_max = evals.at(-1)!;
  const values = {
    run,
    epoch,
    layer: 'fc1',
    N,
    M,
    Q: N / M,
    num_evals: M,
    lambda_max,
    stable_rank: 48 / lambda_max,
    fit: 'paper',
    alpha: 3.5,
    D: 0.1,
    xmin: 1.5,
    num_pl_spikes: 12,
    sigma_mp: sigma,
    lambda_minus: lambdaMinus,
    lambda_plus: lambdaPlus,
    tw_edge: 1.05 * lambdaPlus,
    num_spikes: epoch > 1 ? 2 : 0,
    mp_softrank: Math.min(1, lambdaPlus / lambda_max),
    phase: epoch > 1 ? 'bulk+spikes' : 'random-like',
    phase_ambiguous: epoch === 2,
  };
  return { row: { ...empty, ...values } as SpectrumRow, evals };
};
const drawnRows = (): JoinedRow[] =>
  [2, 16, 500].flatMap((batchSize) =>
    [0, 1, 2, 3, 4]
      .map((epoch) => {
        const config = { batchSize, learningRate: 0.01, seed: 0 };
        const { row } = drawnSpectrum('run', batchSize < 100 ? epoch : 0);
        return joinRows([{ ...row, epoch }], [{ id: 'run', config, metrics: [] }])[0]!;
      })
      .map((row) => ({ ...row, run: `b=${batchSize}` })),
  );

describe('the note of the eigenvalues beyond a panel', () => {
  it('stands above every bar below it, even where there is no bulk', () => {
    const { row } = drawnSpectrum('b=2', 4);
    const evals = Float64Array.from({ length: 600 }, (_, i) => (6 * (i + 1)) / 600);
    const svg = esdFigure({ row: { ...row, lambda_max: evals.at(-1)!, num_evals: 600 }, evals }).svg;
    const document = parseHTML(svg).document;
    const note = [...document.querySelectorAll('text')].find((node) =>
      /^\+\d+ up to/.test(node.textContent!),
    )!;
    const moved = (node: { getAttribute(name: string): string | null }): number[] =>
      node
        .getAttribute('transform')!
        .match(/-?[\d.]+/g)!
        .map(Number);
    const [right, y] = moved(note) as [number, number];
    const baseline = y + moved(note.parentElement!)[1]!;
    const panel = note.parentElement!.parentElement!;
    const below = [...panel.querySelectorAll('[aria-label="rect"] rect')].filter(
      (bar) => Number(bar.getAttribute('x')) > right - 7 * note.textContent!.length,
    );
    expect(below.length).toBeGreaterThan(5);
    for (const bar of below) expect(Number(bar.getAttribute('y'))).toBeGreaterThan(baseline);
  });
});

describe('the facts of a spectrum', () => {
  it('keep two digits of what is small', () => {
    const { row, evals } = drawnSpectrum('b=2', 4);
    const facts = texts(esdFigure({ row: { ...row, lambda_plus: 2.02e-4, mp_softrank: 0 }, evals }).svg);
    expect(facts.join('\n')).toMatch(/bulk edge 0\.0002, spikes 2, soft rank 0,/);
  });
});

describe('the axis of epochs', () => {
  it('ends at the last epoch, on two axes too', () => {
    const [row] = drawnRows() as [JoinedRow];
    const curve = Array.from({ length: 22 }, (_, epoch) => ({ ...row, epoch, stable_rank: 100 - epoch }));
    const groups = [{ label: 'fc1', rows: curve }];
    const { svg } = doubleAxisByEpochFigure('e', 'fc1', groups, [
      measure('stable_rank'),
      measure('mp_softrank'),
    ]);
    const labels = parseHTML(svg).document.querySelectorAll('[aria-label="x-axis tick label"] text');
    const epochs = [...labels].map((label) => Number(label.textContent));
    expect(epochs.length).toBeGreaterThan(3);
    expect(Math.max(...epochs)).toBe(20);
  });
});

describe('figures as files', () => {
  it('an ESD in three views', async () => {
    await expect(esdFigure(drawnSpectrum('b=16', 4)).svg).toMatchFileSnapshot('snapshots/esd.svg');
  });

  it('measures against epoch', async () => {
    const { svg } = measuresByEpochFigure('m', 'fc1 against epoch', drawnRows(), [
      measure('stable_rank'),
      measure('mp_softrank'),
    ]);
    await expect(svg).toMatchFileSnapshot('snapshots/measures-by-epoch.svg');
  });

  it('two measures on two axes', async () => {
    const last = drawnRows().filter((row) => row.epoch === 4);
    const { svg } = doubleAxisByBatchSizeFigure(
      'd',
      'Ranks against batch size',
      [{ label: 'fc1', rows: last }],
      [measure('stable_rank'), measure('mp_softrank')],
    );
    await expect(svg).toMatchFileSnapshot('snapshots/double-axis.svg');
  });

  it('batch sizes that are no powers of two, each labelled where there is room', () => {
    const sizes = [2, 16, 50, 150, 1000];
    const last = drawnRows().filter((row) => row.epoch === 4);
    const rows = sizes.map((batch_size) => ({ ...last[0]!, run: `b=${batch_size}`, batch_size }));
    const { svg } = doubleAxisByBatchSizeFigure(
      'd',
      'Ranks',
      [{ label: 'fc1', rows }],
      [measure('stable_rank'), measure('mp_softrank')],
    );
    expect(texts(svg)).toEqual(expect.arrayContaining(sizes.map(String)));
  });

  it('a phase map', async () => {
    const figure = phaseMapByEpochFigure('p', 'Phases of fc1', drawnRows());
    await expect(figure.svg).toMatchFileSnapshot('snapshots/phase-map.svg');
  });

  it('a scree plot', async () => {
    const spectra = [0, 4].map((epoch) => ({
      label: `epoch ${epoch}`,
      spectra: [drawnSpectrum('b=16', epoch)],
    }));
    await expect(screeFigure('s', 'Singular values', spectra).svg).toMatchFileSnapshot('snapshots/scree.svg');
  });

  it('localization of eigenvectors', async () => {
    const stream = randomStream(1, 'localization');
    const vectors = Array.from({ length: 60 }, (_, i) => ({
      eigenvalue: i,
      part: i < 50 ? ('bulk' as const) : ('spike' as const),
      vector_entropy: 4 + 0.05 * stream.normal() - (i < 50 ? 0 : 0.1),
      localization_ratio: 98 + 3 * stream.normal() - (i < 50 ? 0 : 15),
      participation_ratio: 3.36 + 0.03 * stream.normal() - (i < 50 ? 0 : 0.15),
    }));
    await expect(localizationFigure('l', 'Localization', vectors).svg).toMatchFileSnapshot(
      'snapshots/localization.svg',
    );
  });
});

describe('every figure of a results folder', () => {
  it('is well-formed, has its data beside it, and is the same every time', { timeout: 120_000 }, () => {
    const first = [...resultsFigures(results)];
    const second = [...resultsFigures(results)];
    expect(first.length).toBeGreaterThan(20);
    expect(new Set(first.map((figure) => figure.name)).size).toBe(first.length);
    first.forEach((figure, i) => {
      expect(figure.svg).toBe(second[i]!.svg);
      expect(figure.svg).not.toMatch(/NaN|undefined|Infinity/);
      expect(figure.rows.length).toBeGreaterThan(0);
      for (const column of figure.columns) expect(figure.rows[0]).toHaveProperty(column);
      const ids = [...figure.svg.matchAll(/clipPath id="([^"]+)"/g)].map((match) => match[1]);
      expect(new Set(ids).size).toBe(ids.length);
    });
    expect(first.map((figure) => figure.name)).toEqual(
      expect.arrayContaining([
        'esd-fc1-b=8_seed=0',
        'esd-by-batch-size-fc1',
        'esd-by-epoch-fc1-b=8_seed=0',
        'measures-by-epoch-fc2',
        'phase-map-fc1',
        'ranks-by-batch-size',
        'gap-against-alpha',
      ]),
    );
  });

  it('shows seeds together: spectra pooled with the label of the ensemble, the rest as means with a band', () => {
    const own = results.spectra.filter(({ run, layer }) => run === 'b=8_seed=0' && layer === 'fc2');
    const seeds = [0, 1, 2].map((seed) => ({ id: `b=8_seed=${seed}`, seed }));
    const runs = seeds.map(({ id, seed }) => ({ id, config: { batchSize: 8, seed }, metrics: [] }));
    const spectra = seeds.flatMap(({ id, seed }) =>
      own.map((row) => ({ ...row, run: id, stable_rank: row.stable_rank! + seed })),
    );
    const esd: Results['esd'] = (_, epoch, layer) => results.esd('b=8_seed=0', epoch, layer);
    const drawn = new Map([...resultsFigures({ runs, spectra, esd })].map((one) => [one.name, one]));
    const [{ M, epoch: first }, { epoch: last }] = [own[0]!, own.at(-1)!];
    const counted = (name: string, ofPanel: (row: CsvRow) => boolean): number =>
      drawn
        .get(name)!
        .rows.filter(ofPanel)
        .reduce((sum, { count }) => sum + Number(count), 0);
    expect(counted('esd-fc2-b=8', ({ panel }) => panel === 'linear')).toBe(3 * M);
    expect(texts(drawn.get('esd-fc2-b=8')!.svg)[0]).toContain('b=8, 3 seeds');
    const { rows: bins } = drawn.get('esd-by-epoch-fc2-b=8')!;
    expect(new Set(bins.map(({ run }) => run))).toEqual(new Set(['b=8, 3 seeds']));
    expect([...drawn.keys()].filter((name) => name.includes('seed='))).toEqual([]);

    const marks = (svg: string, kind: string) => [
      ...parseHTML(svg).document.querySelectorAll(`[aria-label="${kind}"] path`),
    ];
    const { svg } = drawn.get('measures-by-epoch-fc2')!;
    expect(marks(svg, 'line')).toHaveLength(4);
    expect(marks(svg, 'area').length).toBeGreaterThan(0);
    expect(marks(drawn.get('entropy-stable-rank-by-epoch-b=8')!.svg, 'area').length).toBeGreaterThan(0);
    const scree = drawn.get('scree-fc2-b=8')!;
    expect(scree.rows.map(({ epoch }) => epoch)).toEqual(
      [first, last].flatMap((epoch) => Array(3 * M).fill(epoch)),
    );
    expect(marks(scree.svg, 'line')).toHaveLength(4);
    const map = drawn.get('phase-map-fc2')!.rows;
    expect(map.map(({ run, epoch }) => [run, epoch])).toEqual(
      own.map(({ epoch }) => ['b=8, 3 seeds', epoch]),
    );
    // That of pooled eigenvalues would be three times as high, above the number of columns.
    for (const [i, { stable_rank }] of map.entries()) {
      expect(stable_rank).toBeCloseTo(own[i]!.stable_rank! + 1, 9);
    }
  });

  it('is drawn of weights that belong to no run', () => {
    const row = { ...spectrumOf('b=8_seed=0').row, run: null, epoch: null };
    const figures = [
      ...resultsFigures({ runs: [], spectra: [row], esd: () => spectrumOf('b=8_seed=0').evals }),
    ];
    expect(figures.map((figure) => figure.name)).toEqual(['esd-fc2']);
  });

  it('takes nothing for a number that is missing', () => {
    const bare = rows.map((row) => ({ ...row, alpha: null, gap: null, phase: null }));
    const figures = [
      measuresByEpochFigure('m', 'M', bare, [measure('alpha')]),
      scatterFigure('s', 'S', [{ label: 'fc1', rows: bare }], {
        x: measure('alpha'),
        y: { column: 'gap', label: 'gap' },
      }),
    ];
    expect(texts(figures[0]!.svg)).toContain('no alpha in these rows');
    expect(texts(figures[1]!.svg)).toContain('no row has both alpha and gap');
  });

  it('shows in a phase map the most frequent phase, and a doubt where runs disagree', () => {
    const base = rows.find((row) => row.layer === 'fc1')!;
    const vote = (phase: JoinedRow['phase'], seed: number) => ({
      ...base,
      seed,
      phase,
      phase_ambiguous: false,
      learning_rate: 0.1,
      batch_size: 8,
    });
    const votes = [vote('bulk-decay', 0), vote('bulk-decay', 1), vote('heavy-tailed', 2)];
    expect(texts(phaseMapByLearningRateFigure('p', 'P', votes).svg)).toContain('BD?');
    expect(texts(phaseMapByLearningRateFigure('p', 'P', votes.slice(0, 2)).svg)).toContain('BD');
  });
});

describe('partsFigure', () => {
  const of = (evals: number[], lambda_plus: number | null, tw_edge: number | null): Spectrum => {
    const { row } = drawnSpectrum('b=2', 4);
    return { row: { ...row, lambda_plus, tw_edge }, evals: Float64Array.from(evals) };
  };
  const counts = (spectra: Spectrum[], panel: string): Record<string, number> => {
    const sums: Record<string, number> = {};
    for (const { part, count, ...row } of partsFigure('p', 'P', spectra).rows) {
      if (row.panel === panel) sums[String(part)] = (sums[String(part)] ?? 0) + Number(count);
    }
    return sums;
  };

  it('counts each eigenvalue once, in the part of its own run', () => {
    // 4.5 bleeds out of the first and is in the bulk of the second; 4.8 is a spike of the first.
    const spectra = [of([1, 2, 4.5, 4.8, 9], 4, 4.6), of([1, 4.5, 6.5], 6, 7)];
    expect(counts(spectra, 'linear')).toEqual({ bulk: 4, bleeding: 2, spike: 2 });
    const { rows, svg } = partsFigure('p', 'P', spectra);
    const area = rows
      .filter(({ panel }) => panel === 'linear')
      .reduce((sum, { from, to, density }) => sum + (Number(to) - Number(from)) * Number(density), 0);
    expect(area).toBeCloseTo(1, 12);
    expect(texts(svg)).toEqual(expect.arrayContaining(['bulk (4)', 'bleeding (2)', 'spike (2)']));
    expect(texts(svg).join()).toContain('2 runs pooled');
  });

  it('takes all for bulk where no law was fitted', () => {
    expect(counts([of([1, 2, 9], null, null)], 'linear')).toEqual({ bulk: 3 });
  });

  it('pools the seeds of a setting in a results folder', () => {
    const row = spectrumOf('b=8_seed=0').row;
    const spectra = ['b=8_seed=0', 'b=8_seed=1'].map((run) => ({ ...row, run }));
    const runs = spectra.map(({ run }, seed) => ({ id: run, config: { batchSize: 8, seed }, metrics: [] }));
    const evals = spectrumOf('b=8_seed=0').evals;
    const drawn = [...resultsFigures({ runs, spectra, esd: () => evals })].filter(({ name }) =>
      name.startsWith('parts-'),
    );
    expect(drawn.map(({ name }) => name)).toEqual(['parts-fc2-b=8']);
    const all = drawn[0]!.rows.filter(({ panel }) => panel === 'linear');
    expect(all.reduce((sum, { count }) => sum + Number(count), 0)).toBe(2 * evals.length);
  });
});

describe('layersFigure', () => {
  const layers = (alphas: (number | null)[], losses: number[]): SpectrumRow[] =>
    alphas.map((alpha, i) => {
      const { row } = drawnSpectrum('b=2', 4);
      return { ...row, alpha, sv_min: 0.1 * i, rank_loss: losses[i]! };
    });

  it('counts every layer that has the value once', () => {
    const { rows: bins, svg } = layersFigure(layers([2, 2.5, null, 6], [0, 3, 0, 0]));
    const counted = (panel: string): number =>
      bins.filter((bin) => bin.panel === panel).reduce((sum, bin) => sum + Number(bin.layers), 0);
    expect([counted('alpha'), counted('sv_min')]).toEqual([3, 4]);
    const holds = bins.filter((bin) => bin.panel === 'alpha' && Number(bin.layers) > 0);
    expect(
      [2, 2.5, 6].every((alpha) =>
        holds.some(({ from, to }) => Number(from) <= alpha && alpha <= Number(to)),
      ),
    ).toBe(true);
    expect(texts(svg)).toEqual(expect.arrayContaining(['3 layers', '4 layers, 1 of less than full rank']));
  });

  it('says where no layer has an alpha', () => {
    expect(texts(layersFigure(layers([null, null], [0, 0])).svg)).toContain('no layer has an alpha');
  });

  it('is drawn of several layers, of whatever models, and not of one', () => {
    const model = (name: string, count: number) => ({
      name,
      layers: layers(new Array(count).fill(3), new Array(count).fill(0)).map((row) => ({
        row,
        evals: drawnSpectrum('b=2', 4).evals,
      })),
    });
    const names = (...models: ReturnType<typeof model>[]) =>
      [...weightsFigures(models)].map(({ name }) => name);
    expect(names(model('a', 1), model('b', 1))).toContain('alpha-over-layers');
    expect(names(model('a', 1))).not.toContain('alpha-over-layers');
  });
});

describe('eigenvectorFigures', () => {
  it('draws the runs whose snapshots are there, with one row an eigenvector', () => {
    const run = 'b=32_seed=0';
    const path = resultsLayout(results.dir).run(run).snapshot(4);
    const W = spikedMatrix(randomStream(3, 'eigenvectors'), { rows: 96, cols: 48 }, [3, 2.5]);
    writeSafetensors(path, new Map([['fc2', { dtype: 'F32', shape: [96, 48], data: Float32Array.from(W) }]]));
    const figures = [...eigenvectorFigures(results, typescriptLinearAlgebra)];
    rmSync(path);
    expect(figures.map((figure) => figure.name)).toEqual([`localization-fc2-${run}`]);
    const { rows: vectors, columns } = figures[0]!;
    expect(vectors).toHaveLength(48);
    expect(columns).toEqual(expect.arrayContaining(['run', 'part', 'vector_entropy']));
    expect(vectors.filter((vector) => vector.part === 'spike')).toHaveLength(2);
    // (M/3)^(1/4) for Gaussian vectors.
    const participation = vectors.reduce((sum, vector) => sum + Number(vector.participation_ratio), 0) / 48;
    expect(participation).toBeGreaterThan(16 ** 0.25 - 0.1);
    expect(participation).toBeLessThan(16 ** 0.25 + 0.15);
  });
});

describe('permutedFigures', () => {
  it('draw a layer beside copies without its correlations, and the sigma of the law that ends where they do', () => {
    const run = 'b=32_seed=0';
    const path = resultsLayout(results.dir).run(run).snapshot(4);
    const W = spikedMatrix(randomStream(3, 'permuted'), { rows: 96, cols: 48 }, [3, 2.5]);
    writeSafetensors(path, new Map([['fc2', { dtype: 'F32', shape: [96, 48], data: Float32Array.from(W) }]]));
    const figures = [...permutedFigures(results, typescriptLinearAlgebra)];
    const again = [...permutedFigures(results, typescriptLinearAlgebra)];
    rmSync(path);
    expect(figures.map((figure) => figure.name)).toEqual([`permuted-fc2-${run}`]);
    expect(figures[0]!.svg).toBe(again[0]!.svg);
    const bins = (panel: string) => figures[0]!.rows.filter((row) => row.panel === panel);
    const total = (panel: string): number => bins(panel).reduce((sum, { count }) => sum + Number(count), 0);
    expect([total('layer'), total('permuted')]).toEqual([48, 480]);
    const end = (panel: string): number => Number(bins(panel).findLast(({ count }) => Number(count) > 0)!.to);
    // The spikes of the layer are at (1/Q + S^2)(1 + 1/S^2) = 10.6 and 7.8; of its entries noise is left, of variance 1 + 15.25 / 96.
    expect(end('layer')).toBeGreaterThan(9);
    const [sigma] = figures[0]!.svg.match(/(?<=sigma_shuf )[\d.]+/)!;
    expect(Number(sigma)).toBeGreaterThan(1);
    expect(Number(sigma)).toBeLessThan(1.25);
    expect(end('permuted')).toBeCloseTo((Number(sigma) * (1 + Math.SQRT1_2)) ** 2, 0);
  });

  it('leave out a layer of zeros', () => {
    const path = resultsLayout(results.dir).run('b=32_seed=0').snapshot(4);
    const data = new Float32Array(96 * 48);
    writeSafetensors(path, new Map([['fc2', { dtype: 'F32', shape: [96, 48], data }]]));
    expect([...permutedFigures(results, typescriptLinearAlgebra)]).toEqual([]);
    rmSync(path);
  });
});

describe('semicircleFigure', () => {
  it('has every singular value under a curve of area 1, and is drawn of square layers alone', () => {
    const spectrum = drawnSpectrum('run', 0);
    const square = { ...spectrum, row: { ...spectrum.row, Q: 1, N: 48 } };
    const figure = semicircleFigure('s', 'S', [{ label: 'epoch 0', spectrum: square }]);
    const count = figure.rows.reduce((sum, row) => sum + Number(row.count), 0);
    const area = figure.rows.reduce(
      (sum, row) => sum + Number(row.density) * (Number(row.to) - Number(row.from)),
      0,
    );
    expect(count).toBe(48);
    expect(area).toBeCloseTo(1, 12);
    const draw = (Q: number): string[] =>
      [
        ...resultsFigures({
          runs: [],
          spectra: [0, 1].map((epoch) => ({ ...square.row, Q, epoch })),
          esd: () => square.evals,
        }),
      ].map(({ name }) => name);
    expect(draw(1)).toContain('semicircle-fc1-run');
    expect(draw(2)).not.toContain('semicircle-fc1-run');
  });

  it('says of a layer of zeros that it has none, and draws no curve that is narrower than a pixel', () => {
    const { row, evals } = drawnSpectrum('run', 0);
    const lines = (spectrum: Spectrum, draw: (spectrum: Spectrum) => string): number =>
      parseHTML(draw(spectrum)).document.querySelectorAll('[aria-label="line"] path').length;
    const zeros = { row: { ...row, Q: 1, sigma_mp: null }, evals: new Float64Array(8) };
    const { svg, rows: bins } = semicircleFigure('s', 'S', [{ label: 'epoch 0', spectrum: zeros }]);
    expect(texts(svg)).toContain('no eigenvalue above 0');
    expect(bins).toEqual([]);
    // Faint noise under a strong signal: the law is a thousandth of a pixel.
    const narrow = (sigma: number): Spectrum => {
      const edges = marchenkoPasturEdges(1, sigma);
      const law = { sigma_mp: sigma, lambda_minus: edges.lambdaMinus, lambda_plus: edges.lambdaPlus };
      return { row: { ...row, ...law, Q: 1, N: row.M }, evals };
    };
    const semicircle = (spectrum: Spectrum): string =>
      semicircleFigure('s', 'S', [{ label: 'epoch 0', spectrum }]).svg;
    const linear = (spectrum: Spectrum): string =>
      esdGridFigure('g', 'G', [{ label: 'epoch 0', spectrum }]).svg;
    for (const draw of [semicircle, linear]) {
      expect(lines(narrow(1), draw)).toBe(1);
      expect(lines(narrow(1e-6), draw)).toBe(0);
    }
    // Nor does it set the height: the density of the bars is 1 or so, its own a million.
    expect(texts(semicircle(narrow(1e-6))).filter((text) => Number(text) > 1000)).toEqual([]);
  });
});

describe('comparedByEpochFigures', () => {
  it('put the runs of several folders on one axis, told apart by their settings where their batch size is one', () => {
    const alike = drawnRows().map((row) => ({ ...row, batch_size: 16, setting: row.run! }));
    const [figure] = [...comparedByEpochFigures(alike)];
    expect(figure!.name).toBe('measures-by-epoch-fc1');
    expect(texts(figure!.svg)).toEqual(expect.arrayContaining(['b=2', 'b=16', 'b=500']));
    const strokes = new Set([...figure!.svg.matchAll(/stroke="(#[0-9a-f]{6})"/g)].map(([, color]) => color));
    for (const color of sequenceColors(3)) expect(strokes).toContain(color);
    expect([...comparedByEpochFigures(alike.filter(({ run }) => run === 'b=2'))]).toEqual([]);
  });
});

describe('writeFigures', () => {
  const figure = () => esdFigure(spectrumOf('b=32_seed=0'));

  it('writes SVG, CSV and, where the renderer is there, PNG', async () => {
    const { figures, pngMissing } = await writeFigures(root, [figure()]);
    const path = join(root, figure().name);
    expect(figures).toEqual([`${path}.svg`]);
    expect(readFileSync(`${path}.csv`, 'utf8').split('\n')[0]).toBe(figure().columns.join(','));
    expect(existsSync(`${path}.png`)).toBe(pngMissing === null);
    if (pngMissing === null) {
      expect(readFileSync(`${path}.png`).subarray(1, 4).toString()).toBe('PNG');
    }
  });

  it('embeds the letters of the font that the figure uses, to the same bytes each time', async () => {
    const { svg } = figure();
    const embedded = await embedFont(svg);
    expect(embedded.replace(/<style>.*?<\/style>/, '')).toBe(svg);
    expect(await embedFont(svg)).toBe(embedded);
    const fonts = [...embedded.matchAll(/base64,([^)]*)\)/g)].map(([, data]) => Buffer.from(data!, 'base64'));
    expect(fonts).toHaveLength(svg.includes('font-weight="bold"') ? 2 : 1);
    for (const font of fonts) {
      expect(font.subarray(0, 4).toString()).toBe('wOF2');
      expect(font.length).toBeGreaterThan(3000);
      expect(font.length).toBeLessThan(30_000);
    }
  });
});
