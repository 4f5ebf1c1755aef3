import {
  type JoinedRow,
  type JoinedRun,
  joinRows,
  lastEpochRows,
} from '../../experiment/results/joinRows.ts';
import { meanOverSeeds, seedGroups } from '../../experiment/results/overSeeds.ts';
import type { SpectrumRow } from '../../spectra/spectrumRow.ts';
import {
  accuraciesByBatchSizeFigure,
  doubleAxisByBatchSizeFigure,
  doubleAxisByEpochFigure,
  measuresByEpochFigure,
} from './curves.ts';
import { type Ensemble, ensemblesOf } from './ensembles.ts';
import { esdFigure, esdGridFigure } from './esdFigures.ts';
import type { Spectrum } from './esdHistogram.ts';
import type { Figure } from './figure.ts';
import { measure } from './measure.ts';
import { partsFigure } from './partsFigure.ts';
import { phaseMapByEpochFigure, phaseMapByLearningRateFigure } from './phaseMap.ts';
import { rateOverBatchFigure } from './rateOverBatch.ts';
import { scatterFigure } from './scatterFigure.ts';
import { screeFigure } from './screeFigure.ts';
import { semicircleFigure } from './semicircleFigure.ts';
import { truncatedFigure } from './truncatedFigure.ts';

export interface FigureInput {
  runs: readonly JoinedRun[];
  spectra: readonly SpectrumRow[];
  esd(run: string | null, epoch: number | null, layer: string): Float64Array | null;
}

/** More panels than this are not read side by side. */
const MOST_PANELS = 24;
/** The authors' grid shows nine epochs. */
const GRID_EPOCHS = 9;
/** Another grid of theirs shows 25. */
const LONG_GRID_EPOCHS = 25;
const ENTROPY = measure('entropy');
const STABLE_RANK = measure('stable_rank');
const SOFT_RANK = measure('mp_softrank');
const ALPHA = measure('alpha');
const TRAIN_ACCURACY = measure('train_accuracy');
const TEST_ACCURACY = measure('test_accuracy');
const GAP = measure('gap');

/**
 * Returns, one after the other, the figures that a results folder has the data for. Runs that differ by seed alone are shown together:
 * their spectra pooled, with the label of the ensemble, everything else as their mean with its band.
 */
export function* resultsFigures(input: FigureInput): Generator<Figure> {
  const rows = joinRows(input.spectra, input.runs);
  const layers = [...new Set(rows.map((row) => row.layer))];
  const last = lastEpochRows(rows);
  const groups = seedGroups(input.runs.map(({ id, config }) => ({ id, config })));
  const groupOf = ({ run }: JoinedRow): string => groups.get(run ?? '') ?? run ?? '';
  const ensembles = ensemblesOf(groups, rows, input.esd);
  const pooled = new Map(ensembles.flatMap(({ spectra }) => spectra.map(({ row, evals }) => [row, evals])));
  const subjects = subjectsOf(rows, groupOf, ensembles);
  const shown = inOrder(subjects.flatMap((subject) => lastEpochRows(subject.rows)));
  const subjectOf = new Map(subjects.flatMap((subject) => subject.rows.map((row) => [row, subject])));
  const spectrumOf = (row: JoinedRow): Spectrum | null => {
    const evals = pooled.get(row) ?? input.esd(row.run, row.epoch, row.layer);
    return evals === null || evals.length === 0 ? null : { row, evals };
  };
  const drawable = (list: readonly JoinedRow[], label: (row: JoinedRow) => string) =>
    list.flatMap((row) => {
      const spectrum = spectrumOf(row);
      return spectrum === null ? [] : [{ label: label(row), spectrum }];
    });

  /** The labels of ensembles in the place of those of their members, where they have one. */
  const labeled = (list: readonly JoinedRow[]): JoinedRow[] => {
    const cell = ({ layer, epoch }: JoinedRow, group: string): string =>
      JSON.stringify([group, layer, epoch]);
    const known = new Map(
      ensembles.flatMap(({ group, spectra }) => spectra.map(({ row }) => [cell(row, group), row])),
    );
    return [...new Set(list.map((row) => known.get(cell(row, groupOf(row))) ?? row))];
  };

  for (const row of shown) {
    const subject = subjectOf.get(row)!;
    const part = [row.layer, subject.name].filter((text) => text !== '').join('-');
    const spectrum = spectrumOf(row);
    if (spectrum !== null) yield esdFigure(spectrum, part);
    if (spectrum !== null && row.run !== null) {
      const alike = last.filter((other) => other.layer === row.layer && groupOf(other) === subject.group);
      yield partsFigure(
        `parts-${part}`,
        `Bulk, bleeding and spikes of ${row.layer}, ${row.run}`,
        alike.flatMap((other) => spectrumOf(other) ?? []),
      );
    }
    const epochs = subject.rows.filter(({ layer }) => layer === row.layer);
    if (epochs.length < 2) continue;
    const grid = drawable(spread(epochs, GRID_EPOCHS), ({ epoch }) => `epoch ${epoch}`);
    if (grid.length > 0) {
      yield esdGridFigure(
        `esd-by-epoch-${part}`,
        `Spectral density of ${row.layer} by epoch, ${row.run}`,
        grid,
      );
      if (epochs.length > GRID_EPOCHS) {
        yield esdGridFigure(
          `esd-by-epoch-long-${part}`,
          `Spectral density of ${row.layer} by epoch, ${row.run}`,
          drawable(spread(epochs, LONG_GRID_EPOCHS), ({ epoch }) => `epoch ${epoch}`),
        );
      }
      const members = (epoch: number | null) =>
        rows.filter(
          (other) =>
            other.layer === row.layer && other.epoch === epoch && subject.members.includes(other.run),
        );
      const ends = [grid[0]!, grid.at(-1)!];
      if (row.Q === 1) {
        yield semicircleFigure(
          `semicircle-${part}`,
          `Singular values of ${row.layer} and the quarter circle, ${row.run}`,
          ends,
        );
      }
      yield screeFigure(
        `scree-${part}`,
        `Singular values of ${row.layer}, ${row.run}`,
        ends.map(({ label, spectrum: { row: at } }) => ({
          label,
          spectra: members(at.epoch).flatMap((member) => spectrumOf(member) ?? []),
        })),
      );
    }
  }

  for (const layer of layers) {
    const ofLayer = rows.filter((row) => row.layer === layer);
    const lastOfLayer = last.filter((row) => row.layer === layer);
    const sweep = shown
      .filter((row) => row.layer === layer)
      .sort((a, b) => (a.batch_size ?? 0) - (b.batch_size ?? 0));
    if (sweep.length > 1) {
      const grid = drawable(sweep.slice(0, MOST_PANELS), (row) => `${row.run}: ${row.phase ?? 'no label'}`);
      if (grid.length > 0)
        yield esdGridFigure(
          `esd-by-batch-size-${layer}`,
          `Spectral density of ${layer} by batch size, last epoch${sweep.length > MOST_PANELS ? ` (the first ${MOST_PANELS} of ${sweep.length} settings)` : ''}`,
          grid,
        );
    }
    if (new Set(ofLayer.map((row) => row.epoch)).size > 1) {
      yield measuresByEpochFigure(
        `measures-by-epoch-${layer}`,
        `${layer} against epoch`,
        ofLayer,
        [ENTROPY, STABLE_RANK, SOFT_RANK, ALPHA],
        groups,
      );
      const cut = ofLayer.filter((row) => typeof row.full_test_error === 'number');
      if (cut.length > 0) yield truncatedFigure(layer, cut, groups);
      if (several(ofLayer, 'batch_size') || ofLayer.some((row) => row.batch_size !== null)) {
        yield phaseMapByEpochFigure(
          `phase-map-${layer}`,
          `Phases of ${layer} by batch size and epoch`,
          commonSetting(labeled(ofLayer)),
        );
      }
    }
    if (several(lastOfLayer, 'learning_rate')) {
      yield phaseMapByLearningRateFigure(
        `phase-map-learning-rate-${layer}`,
        `Phases of ${layer} by batch size and learning rate, last epoch`,
        labeled(lastOfLayer),
      );
    }
  }

  const firstLayer = rows.filter((row) => row.layer === layers[0]);
  if (firstLayer.some((row) => row.test_accuracy !== null) && several(firstLayer, 'epoch')) {
    yield measuresByEpochFigure(
      'accuracies-by-epoch',
      'Accuracies against epoch',
      firstLayer,
      [TRAIN_ACCURACY, TEST_ACCURACY],
      groups,
    );
  }
  for (const { id, name, members } of new Set(shown.map((row) => subjectOf.get(row)!))) {
    const byLayer = layers
      .map((layer) => ({
        label: layer,
        rows: rows.filter((row) => row.layer === layer && members.includes(row.run)),
      }))
      .filter((group) => several(group.rows, 'epoch'));
    if (byLayer.length > 0) {
      yield doubleAxisByEpochFigure(
        `entropy-stable-rank-by-epoch-${name}`,
        `Entropy and stable rank against epoch, ${id}`,
        byLayer,
        [ENTROPY, STABLE_RANK],
      );
    }
  }
  if (several(last, 'learning_rate')) {
    yield rateOverBatchFigure(
      commonSetting(last, (row) => row.setting.replace(RATE, '')),
      [ALPHA, STABLE_RANK],
    );
  }
  const swept = commonSetting(last);
  if (several(swept, 'batch_size')) {
    const byLayer = layers.map((layer) => ({
      label: layer,
      rows: swept.filter((row) => row.layer === layer),
    }));
    yield doubleAxisByBatchSizeFigure(
      'ranks-by-batch-size',
      'Stable rank and MP soft rank against batch size, last epoch',
      byLayer,
      [STABLE_RANK, SOFT_RANK],
    );
    yield doubleAxisByBatchSizeFigure(
      'entropy-alpha-by-batch-size',
      'Entropy and alpha against batch size, last epoch',
      byLayer,
      [ENTROPY, ALPHA],
    );
    const once = byLayer[0]!.rows;
    if (once.some((row) => row.test_accuracy !== null)) {
      yield accuraciesByBatchSizeFigure(
        'accuracies-by-batch-size',
        'Accuracies against batch size, last epoch',
        once,
      );
    }
  }
  if (last.filter((row) => row.gap !== null && row.alpha !== null).length > 1) {
    const means = meansAtEnd(last, groups);
    const byLayer = layers.map((layer) => ({
      label: layer,
      rows: means.filter((row) => row.layer === layer),
    }));
    yield scatterFigure('gap-against-alpha', 'Generalization gap against alpha, last epoch', byLayer, {
      x: ALPHA,
      y: GAP,
    });
  }
}

/** What a figure is about: a run, or those that differ from it by seed alone. */
interface Subject {
  /** As titles have it. */
  id: string | null;
  /** As file names have it: it does not change with the number of seeds. */
  name: string;
  group: string;
  members: readonly (string | null)[];
  /** Of its spectra, pooled where they are several. */
  rows: readonly JoinedRow[];
}

/** Returns an ensemble for each group that has one, else its first seed. */
function subjectsOf(
  rows: readonly JoinedRow[],
  groupOf: (row: JoinedRow) => string,
  ensembles: readonly Ensemble[],
): Subject[] {
  const first = new Map<string, JoinedRow>();
  for (const row of rows) {
    const known = first.get(groupOf(row));
    if (known === undefined || (row.seed ?? 0) < (known.seed ?? 0)) first.set(groupOf(row), row);
  }
  return [...first].map(([group, { run }]): Subject => {
    const ensemble = ensembles.find((one) => one.group === group);
    if (ensemble === undefined) {
      return { id: run, name: run ?? '', group, members: [run], rows: rows.filter((row) => row.run === run) };
    }
    const { id, members, spectra } = ensemble;
    return { id, name: group, group, members, rows: spectra.map(({ row }) => row) };
  });
}

/** By batch size, the most frequent setting first. */
function inOrder(rows: readonly JoinedRow[]): JoinedRow[] {
  const usual = new Set(commonSetting(rows));
  const order = (row: JoinedRow): number => (usual.has(row) ? 0 : 1);
  return [...rows].sort((a, b) => order(a) - order(b) || (a.batch_size ?? 0) - (b.batch_size ?? 0));
}

/** Returns the means over seeds; members may have ended at different epochs: it is over their ends. */
function meansAtEnd(last: readonly JoinedRow[], groups: ReadonlyMap<string, string>): JoinedRow[] {
  const ends = new Map<string, number | null>();
  const at = last.map((row) => {
    const key = JSON.stringify([groups.get(row.run ?? '') ?? row.run, row.layer]);
    if (!ends.has(key)) ends.set(key, row.epoch);
    return { ...row, epoch: ends.get(key)! };
  });
  return meanOverSeeds(at, groups);
}

/** The learning rate in a setting, with the comma behind it. */
const RATE = /\blearningRate=[^,]*(, )?/;

/** Rows of the most frequent setting: what a curve against batch size may join. */
function commonSetting(
  rows: readonly JoinedRow[],
  settingOf = (row: JoinedRow): string => row.setting,
): JoinedRow[] {
  const counts = new Map<string, number>();
  for (const row of rows) counts.set(settingOf(row), (counts.get(settingOf(row)) ?? 0) + 1);
  const most = [...counts].sort((a, b) => b[1] - a[1])[0]?.[0];
  return rows.filter((row) => settingOf(row) === most);
}

function several(rows: readonly JoinedRow[], column: 'epoch' | 'batch_size' | 'learning_rate'): boolean {
  return new Set(rows.map((row) => row[column]).filter((value) => value !== null)).size > 1;
}

/** At most `count` of the items, evenly spread, the first and the last among them. */
function spread<T>(items: readonly T[], count: number): T[] {
  if (items.length <= count) return [...items];
  return Array.from({ length: count }, (_, i) => items[Math.round((i * (items.length - 1)) / (count - 1))]!);
}
