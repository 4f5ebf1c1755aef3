import { openSafetensors } from '../base/safetensors/safetensors.ts';
import { resultsLayout } from '../experiment/results/layout.ts';
import { seedGroups } from '../experiment/results/overSeeds.ts';
import type { Results } from '../experiment/results/readResults.ts';
import {
  type LayerState,
  type LearnedRow,
  layerState,
  learnedChange,
  stateOverlap,
} from '../spectra/learned.ts';
import type { LinearAlgebra } from '../spectra/linalg/linearAlgebra.ts';
import type { WeightMatrices } from '../spectra/weightSpectra.ts';
import type { Figure } from './figures/figure.ts';
import { learnedFigure } from './figures/learnedFigure.ts';

/** Leading directions compared: as many as the classes of the data sets have, and so the spikes of most runs. */
const TOP = 10;

/**
 * Returns a figure a layer of what was learned since the first snapshot and since the one before, with the numbers of every run and epoch
 * in its CSV. All is computed from the snapshots that are still there: three decompositions a layer and epoch.
 */
export function* learnedFigures(results: Results, algebra: LinearAlgebra): Generator<Figure> {
  const layers = [...new Set(results.spectra.map(({ layer }) => layer))];
  for (const layer of layers) {
    const rows = learnedRows(results, layer, algebra);
    if (rows.length > 0) yield learnedFigure(layer, rows);
  }
}

function learnedRows(results: Results, layer: string, algebra: LinearAlgebra): LearnedRow[] {
  const groups = seedGroups(results.runs);
  const rows = new Map<string, LearnedRow[]>();
  for (const group of new Set(groups.values())) {
    const runs = results.runs.filter(({ id }) => groups.get(id) === group);
    const epochs = [...new Set(runs.flatMap(({ snapshots }) => snapshots))].sort((a, b) => a - b);
    const first = new Map<string, Snapshot>();
    const previous = new Map<string, Snapshot>();
    // Epoch by epoch, so that no more than two snapshots of a run are held.
    for (const epoch of epochs) {
      const states = new Map<string, LayerState>();
      for (const { id, snapshots } of runs) {
        const weights = snapshots.includes(epoch) ? readLayer(results, id, epoch, layer) : null;
        if (weights !== null) states.set(id, layerState(weights, TOP, algebra));
      }
      for (const [run, state] of states) {
        const others = [...states]
          .filter(([id]) => id !== run)
          .map(([, other]) => stateOverlap(state, other));
        for (const [since, before] of [
          ['start', first.get(run)],
          ['previous', previous.get(run)],
        ] as const) {
          if (before === undefined || !sameShape(before.state, state)) continue;
          const row: LearnedRow = {
            run,
            epoch,
            layer,
            since,
            since_epoch: before.epoch,
            ...learnedChange(before.state, state, { fit: fitOf(results, run), top: TOP, algebra }),
            seeds: others.length,
            seed_overlap_short: mean(others.map(({ short }) => short)),
            seed_overlap_long: mean(others.map(({ long }) => long)),
          };
          rows.set(run, [...(rows.get(run) ?? []), row]);
        }
        if (!first.has(run)) first.set(run, { epoch, state });
        previous.set(run, { epoch, state });
      }
    }
  }
  return [...rows.values()].flat();
}

interface Snapshot {
  epoch: number;
  state: LayerState;
}

/** Returns the matrices of a layer of a snapshot, of a convolution one a position; null where it has no such layer of numbers. */
function readLayer({ dir }: Results, run: string, epoch: number, layer: string): WeightMatrices | null {
  const file = openSafetensors(resultsLayout(dir).run(run).snapshot(epoch));
  try {
    if (!file.names.includes(layer)) return null;
    const { shape, data } = file.read(layer);
    if (shape.length < 2 || !(data instanceof Float32Array)) return null;
    const [rows, cols] = shape.slice(-2) as [number, number];
    const size = rows * cols;
    const matrices = Array.from({ length: data.length / size }, (_, i) =>
      data.subarray(i * size, (i + 1) * size),
    );
    return { matrices, rows, cols, precision: 'float32' };
  } finally {
    file.close();
  }
}

function sameShape({ weights: a }: LayerState, { weights: b }: LayerState): boolean {
  return a.rows === b.rows && a.cols === b.cols && a.matrices.length === b.matrices.length;
}

/** The way in which the power law of the run was fitted. */
function fitOf({ spectra }: Results, run: string): 'paper' | 'ww' | 'hill' {
  const fit = spectra.find((row) => row.run === run)?.fit;
  return fit === 'ww' || fit === 'hill' ? fit : 'paper';
}

function mean(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}
