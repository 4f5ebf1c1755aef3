import {
  type JoinedRow,
  type JoinedRun,
  joinRows,
  lastEpochRows,
} from '../../experiment/results/joinRows.ts';
import type { SpectrumRow } from '../../spectra/spectrumRow.ts';
import {
  accuraciesByBatchSizeFigure,
  doubleAxisByBatchSizeFigure,
  doubleAxisByEpochFigure,
  measuresByEpochFigure,
} from './curves.ts';
import { esdFigure, esdGridFigure } from './esdFigures.ts';
import type { Spectrum } from './esdHistogram.ts';
import type { Figure } from './figure.ts';
import { measure } from './measure.ts';
import { partsFigure } from './partsFigure.ts';
import { phaseMapByEpochFigure, phaseMapByLearningRateFigure } from './phaseMap.ts';
import { rateOverBatchFigure } from './rateOverBatch.ts';
import { scatterFigure } from './scatterFigure.ts';
import { screeFigure } from './screeFigure.ts';
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

/** Returns, one after the other, the figures that a results folder has the data for; of runs that differ by seed alone, ESDs show the first, their parts all. */
export function* resultsFigures(input: FigureInput): Generator<Figure> {
  const rows = joinRows(input.spectra, input.runs);
  const layers = [...new Set(rows.map((row) => row.layer))];
  const last = lastEpochRows(rows);
  const shown = representatives(last);
  const shownRuns = new Set(shown.map(({ run }) => run));
  const spectrumOf = (row: SpectrumRow): Spectrum | null => {
    const evals = input.esd(row.run, row.epoch, row.layer);
    return evals === null || evals.length === 0 ? null : { row, evals };
  };
  const drawable = (list: readonly JoinedRow[], label: (row: JoinedRow) => string) =>
    list.flatMap((row) => {
      const spectrum = spectrumOf(row);
      return spectrum === null ? [] : [{ label: label(row), spectrum }];
    });

  for (const row of shown) {
    const spectrum = spectrumOf(row);
    if (spectrum !== null) yield esdFigure(spectrum);
    if (spectrum !== null && row.run !== null) {
      const alike = last.filter((other) => settingKey(other) === settingKey(row));
      yield partsFigure(
        `parts-${row.layer}-${row.run}`,
        `Bulk, bleeding and spikes of ${row.layer}, ${row.run}`,
        alike.flatMap((other) => spectrumOf(other) ?? []),
      );
    }
    const epochs = rows.filter((other) => other.run === row.run && other.layer === row.layer);
    if (epochs.length < 2) continue;
    const grid = drawable(spread(epochs, GRID_EPOCHS), ({ epoch }) => `epoch ${epoch}`);
    if (grid.length > 0) {
      yield esdGridFigure(
        `esd-by-epoch-${row.layer}-${row.run}`,
        `Spectral density of ${row.layer} by epoch, ${row.run}`,
        grid,
      );
      if (epochs.length > GRID_EPOCHS) {
        yield esdGridFigure(
          `esd-by-epoch-long-${row.layer}-${row.run}`,
          `Spectral density of ${row.layer} by epoch, ${row.run}`,
          drawable(spread(epochs, LONG_GRID_EPOCHS), ({ epoch }) => `epoch ${epoch}`),
        );
      }
      const ends = [grid[0]!, grid.at(-1)!];
      yield screeFigure(`scree-${row.layer}-${row.run}`, `Singular values of ${row.layer}, ${row.run}`, ends);
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
      yield measuresByEpochFigure(`measures-by-epoch-${layer}`, `${layer} against epoch`, ofLayer, [
        ENTROPY,
        STABLE_RANK,
        SOFT_RANK,
        ALPHA,
      ]);
      const cut = ofLayer.filter((row) => shownRuns.has(row.run) && typeof row.full_test_error === 'number');
      if (cut.length > 0) yield truncatedFigure(layer, cut);
      if (several(ofLayer, 'batch_size') || ofLayer.some((row) => row.batch_size !== null)) {
        yield phaseMapByEpochFigure(
          `phase-map-${layer}`,
          `Phases of ${layer} by batch size and epoch`,
          commonSetting(ofLayer),
        );
      }
    }
    if (several(lastOfLayer, 'learning_rate')) {
      yield phaseMapByLearningRateFigure(
        `phase-map-learning-rate-${layer}`,
        `Phases of ${layer} by batch size and learning rate, last epoch`,
        lastOfLayer,
      );
    }
  }

  const firstLayer = rows.filter((row) => row.layer === layers[0]);
  if (firstLayer.some((row) => row.test_accuracy !== null) && several(firstLayer, 'epoch')) {
    yield measuresByEpochFigure('accuracies-by-epoch', 'Accuracies against epoch', firstLayer, [
      TRAIN_ACCURACY,
      TEST_ACCURACY,
    ]);
  }
  for (const run of new Set(shown.map((row) => row.run))) {
    const groups = layers
      .map((layer) => ({ label: layer, rows: rows.filter((row) => row.run === run && row.layer === layer) }))
      .filter((group) => several(group.rows, 'epoch'));
    if (groups.length > 0) {
      yield doubleAxisByEpochFigure(
        `entropy-stable-rank-by-epoch-${run}`,
        `Entropy and stable rank against epoch, ${run}`,
        groups,
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
    const groups = layers.map((layer) => ({
      label: layer,
      rows: swept.filter((row) => row.layer === layer),
    }));
    yield doubleAxisByBatchSizeFigure(
      'ranks-by-batch-size',
      'Stable rank and MP soft rank against batch size, last epoch',
      groups,
      [STABLE_RANK, SOFT_RANK],
    );
    yield doubleAxisByBatchSizeFigure(
      'entropy-alpha-by-batch-size',
      'Entropy and alpha against batch size, last epoch',
      groups,
      [ENTROPY, ALPHA],
    );
    const once = groups[0]!.rows;
    if (once.some((row) => row.test_accuracy !== null)) {
      yield accuraciesByBatchSizeFigure(
        'accuracies-by-batch-size',
        'Accuracies against batch size, last epoch',
        once,
      );
    }
  }
  if (last.filter((row) => row.gap !== null && row.alpha !== null).length > 1) {
    const groups = layers.map((layer) => ({ label: layer, rows: last.filter((row) => row.layer === layer) }));
    yield scatterFigure('gap-against-alpha', 'Generalization gap against alpha, last epoch', groups, {
      x: ALPHA,
      y: GAP,
    });
  }
}

/** The first seed of every setting, by batch size, the most frequent setting first. */
function representatives(last: readonly JoinedRow[]): JoinedRow[] {
  const seen = new Set<string>();
  const usual = new Set(commonSetting(last));
  const order = (row: JoinedRow): number => (usual.has(row) ? 0 : 1);
  return [...last]
    .sort(
      (a, b) =>
        order(a) - order(b) || (a.batch_size ?? 0) - (b.batch_size ?? 0) || (a.seed ?? 0) - (b.seed ?? 0),
    )
    .filter((row) => {
      const key = settingKey(row);
      return !seen.has(key) && seen.add(key);
    });
}

/** What runs that differ by seed alone have in common, layer by layer. */
const settingKey = ({ layer, batch_size, setting, run }: JoinedRow): string =>
  `${layer}/${batch_size}/${setting}/${batch_size === null ? run : ''}`;

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
