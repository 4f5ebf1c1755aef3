import { existsSync } from 'node:fs';
import { openSafetensors } from '../base/safetensors/safetensors.ts';
import { resultsLayout } from '../experiment/results/layout.ts';
import { METRICS_COLUMNS, type MetricsRow } from '../experiment/results/metricsRow.ts';
import type { Results, RunResults } from '../experiment/results/readResults.ts';
import { COLUMN_OF, namesOf } from '../spectra/columns.ts';
import { fitMarchenkoPastur } from '../spectra/laws/fitMarchenkoPastur.ts';
import type { LinearAlgebra } from '../spectra/linalg/linearAlgebra.ts';
import { vectorLocalization } from '../spectra/measures/localization.ts';
import { spectrumOf } from '../spectra/measures/spectrum.ts';
import type { SpectrumRow } from '../spectra/spectrumRow.ts';

/** Where a number is read: one layer of one run after one epoch. */
export interface Place {
  results: Results;
  /** Null for matrices that belong to no run. */
  run: RunResults | null;
  /** Null: as trained last. */
  epoch: number | null;
  layer: string | null;
  /** Spikes the authors chose by eye. */
  spikes: number | null;
}

export type Measured = number | string | null;

const BINS = 100; // the authors' histograms

/** Measures that spectra.csv has no column for, from the eigenvalues (ascending) of a layer. */
const FROM_EIGENVALUES: Readonly<
  Record<string, (evals: Float64Array, row: SpectrumRow, spikes: number | null) => number | null>
> = {
  /** sigma and edge of the authors' rule, their number of spikes dropped. */
  edge_sigma: (evals, row, spikes) => edgeFit(evals, row, spikes)?.sigma ?? null,
  edge_lambda_plus: (evals, row, spikes) => edgeFit(evals, row, spikes)?.lambdaPlus ?? null,
  /** The (k+1)-th largest eigenvalue by the largest: MP soft rank of the authors' spike rule. */
  edge_softrank: (evals, row, spikes) => edgeFit(evals, row, spikes)?.mpSoftRank ?? null,
  /** Share of the eigenvalues in the first of 100 equal bins from the smallest to the largest. */
  first_bin_share: (evals) => {
    const [low, high] = [evals[0]!, evals.at(-1)!];
    return evals.filter((value) => value < low + (high - low) / BINS).length / evals.length;
  },
};

/** Measures made of the columns of a row of spectra.csv. */
const FROM_COLUMNS: Readonly<Record<string, (row: SpectrumRow) => number | null>> = {
  /** SETOL's Delta lambda_min: from the trace-log edge to xmin, eigenvalues rescaled to mean 1. */
  delta_lambda_min: ({ xmin, detX_val, norm, M }) =>
    xmin === null || detX_val === null ? null : (M / norm) * (xmin - detX_val),
  pl_train_added: errorAdded('pl', 'train'),
  pl_test_added: errorAdded('pl', 'test'),
  detX_train_added: errorAdded('detX', 'train'),
  detX_test_added: errorAdded('detX', 'test'),
  /** 1 where permuted copies have an eigenvalue of their own, else 0: over runs, the share of those that are trapped. */
  trapped: ({ num_traps }) => (typeof num_traps === 'number' ? Number(num_traps > 0) : null),
};

/** Returns what cutting all analyzed layers to their tails adds to the error (SETOL's dE); null where it was not measured. */
function errorAdded(rule: 'pl' | 'detX', split: 'train' | 'test'): (row: SpectrumRow) => number | null {
  return (row) => {
    const [cut, full] = [row[`all_${rule}_${split}_error`], row[`full_${split}_error`]];
    return typeof cut === 'number' && typeof full === 'number' ? cut - full : null;
  };
}

/** Measures made of the columns of a row of metrics.csv: errors, that of training as the authors have it, while training. */
const FROM_METRICS: Readonly<Record<string, (row: MetricsRow) => number | null>> = {
  test_error: ({ test_accuracy }) => 1 - test_accuracy,
  train_error: ({ train_accuracy }) => (train_accuracy === null ? null : 1 - train_accuracy),
};

/** Localization of eigenvectors: `<part>_<measure>`, the part being the spikes, or the bulk below as many that bleed out. */
const LOCALIZATION = {
  localization_ratio: 'localizationRatio',
  participation_ratio: 'participationRatio',
  vector_entropy: 'entropy',
} as const;
const LOCALIZED = /^(bulk|spike)_(localization_ratio|participation_ratio|vector_entropy)$/;

/** Returns the measure of that name at a place; null where the results do not have it. */
export function measureAt(measure: string, place: Place, algebra: LinearAlgebra): Measured {
  const { results, run, layer, spikes } = place;
  if (layer === null) {
    const rows = run?.metrics ?? [];
    const row = place.epoch === null ? rows.at(-1) : rows.find(({ epoch }) => epoch === place.epoch);
    const made = FROM_METRICS[measure];
    if (made !== undefined) return row === undefined ? null : made(row);
    const column = namesOf(METRICS_COLUMNS).find((known) => known === measure);
    if (column === undefined)
      throw new RangeError(`measure must be of metrics.csv without a layer, got ${measure}`);
    return row?.[column] ?? null;
  }
  const row = spectrumAt(place);
  if (row === null) return null;
  const localized = LOCALIZED.exec(measure);
  if (localized !== null) {
    const [, part, kind] = localized as unknown as [string, 'bulk' | 'spike', keyof typeof LOCALIZATION];
    return localization(place, row, part, LOCALIZATION[kind], algebra);
  }
  const made = FROM_COLUMNS[measure];
  if (made !== undefined) return made(row);
  const derived = FROM_EIGENVALUES[measure];
  if (derived === undefined) {
    // Of an option that was not asked for when this was analyzed.
    if (!(measure in row) && COLUMN_OF.has(measure)) return null;
    if (!(measure in row)) throw new RangeError(`measure must be a column of spectra.csv, got ${measure}`);
    const value = row[measure]!;
    return typeof value === 'boolean' ? String(value) : value;
  }
  const evals = results.esd(row.run, row.epoch, layer);
  return evals === null ? null : derived(evals, row, spikes);
}

/** Returns the row of spectra.csv at a place, null where there is none. */
export function spectrumAt({ results, run, epoch, layer }: Place): SpectrumRow | null {
  const rows = results.spectra.filter((row) => row.run === (run?.id ?? null) && row.layer === layer);
  if (epoch === null) return rows.at(-1) ?? null;
  return rows.find((row) => row.epoch === epoch) ?? null;
}

function edgeFit(evals: Float64Array, { N, M }: SpectrumRow, spikes: number | null) {
  if (spikes === null) throw new RangeError('spikes must be given for a measure of the edge rule');
  const fit = fitMarchenkoPastur(spectrumOf(evals, { N, M }), {
    mode: 'edge',
    numSpikes: Math.round(spikes),
  });
  return fit.sigma === null ? null : fit;
}

function localization(
  { results, run, spikes, layer }: Place,
  row: SpectrumRow,
  part: 'bulk' | 'spike',
  kind: (typeof LOCALIZATION)[keyof typeof LOCALIZATION],
  algebra: LinearAlgebra,
): number | null {
  if (spikes === null) throw new RangeError('spikes must be given for a measure of localization');
  if (run === null || row.epoch === null || layer === null) return null;
  const path = resultsLayout(results.dir).run(run.id).snapshot(row.epoch);
  const vectors = eigenvectorsOf(path, layer, algebra);
  if (vectors === null) return null;
  const length = Math.round(Math.sqrt(vectors.length));
  const [from, to] = part === 'spike' ? [length - spikes, length] : [0, length - 2 * spikes];
  let total = 0;
  for (let i = from; i < to; i++) {
    total += vectorLocalization(vectors.subarray(i * length, (i + 1) * length))[kind];
  }
  return total / (to - from);
}

/** Seconds each: the six measures of a layer need the same ones. */
const held: { key: string | null; vectors: Float64Array | null } = { key: null, vectors: null };

function eigenvectorsOf(path: string, layer: string, algebra: LinearAlgebra): Float64Array | null {
  const key = `${path}/${layer}`;
  if (held.key === key) return held.vectors;
  if (!existsSync(path)) return null;
  const file = openSafetensors(path);
  try {
    const { shape, data } = file.read(layer);
    if (!(data instanceof Float32Array || data instanceof Float64Array)) return null;
    held.vectors = algebra.eigenvectors(data, shape[0]!, shape[1]!).vectors;
    held.key = key;
    return held.vectors;
  } finally {
    file.close();
  }
}
