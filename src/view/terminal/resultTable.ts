import { largestOf } from '../../base/extremes.ts';
import { fittedAccuracy } from '../../experiment/results/metricsRow.ts';
import type { RunSummary } from '../../experiment/status/runEvents.ts';
import type { SpectrumRow } from '../../spectra/spectrumRow.ts';
import { fixed, NO_VALUE, significant } from './numberText.ts';
import { type Column, formatTable } from './table.ts';

interface Line {
  run: RunSummary;
  /** The layer at its last epoch; null for a run without spectra. */
  layer: SpectrumRow | null;
}

const right = { align: 'right' } as const;
const COLUMNS: readonly Column<Line>[] = [
  { title: 'run', text: ({ run }) => run.run, elastic: true },
  {
    title: 'state',
    text: ({ run }) => run.state,
    brief: ({ run }) => (run.state === 'interrupted' ? 'halted' : run.state),
  },
  { title: 'epoch', text: ({ run }) => `${run.epoch}/${run.epochs}`, ...right },
  {
    title: 'train',
    text: ({ run }) => fixed(fittedAccuracy(run), 4),
    brief: ({ run }) => fixed(fittedAccuracy(run), 3),
    ...right,
  },
  {
    title: 'test',
    text: ({ run }) => fixed(run.test_accuracy, 4),
    brief: ({ run }) => fixed(run.test_accuracy, 3),
    ...right,
  },
  { title: 'gap', text: ({ run }) => fixed(run.generalization_gap, 4), ...right, dispensable: 2 },
  { title: 'layer', text: ({ layer }) => layer?.layer ?? NO_VALUE, elastic: true },
  { title: 'alpha', text: ({ layer }) => fixed(layer?.alpha ?? null, 2), ...right },
  {
    title: 'stable rank',
    text: ({ layer }) => significant(layer?.stable_rank ?? null),
    ...right,
    dispensable: 3,
  },
  { title: 'soft rank', text: ({ layer }) => fixed(layer?.mp_softrank ?? null, 3), ...right, dispensable: 4 },
  { title: 'spikes', text: ({ layer }) => significant(layer?.num_spikes ?? null), ...right, dispensable: 1 },
  { title: 'phase', text: phase, brief: briefPhase },
];

/** Returns the table run x layer: accuracy, and the spectrum of the last epoch that has one. */
export function resultTable(
  runs: readonly RunSummary[],
  layers: readonly SpectrumRow[],
  width: number,
): string {
  const lines = runs.flatMap((run): Line[] => {
    const rows = layers.filter((row) => row.run === run.run);
    const last = largestOf(rows.map((row) => row.epoch ?? 0));
    const final = rows.filter((row) => (row.epoch ?? 0) === last);
    return final.length === 0 ? [{ run, layer: null }] : final.map((layer) => ({ run, layer }));
  });
  // Without a single spectrum (`train`) its columns say nothing.
  const columns =
    layers.length > 0
      ? COLUMNS
      : COLUMNS.slice(
          0,
          COLUMNS.findIndex(({ title }) => title === 'layer'),
        );
  return formatTable(columns, lines, width);
}

function phase({ run, layer }: Line): string {
  if (layer === null || layer.phase === null) return NO_VALUE;
  const name =
    layer.phase_ambiguous === true && layer.phase_runner_up !== null
      ? `${layer.phase} (or ${layer.phase_runner_up})`
      : layer.phase;
  if (run.warning !== null) return `${name}; not learned`;
  // The last epoch has no spectrum where snapshots are rarer, or its weights are not finite.
  return layer.epoch === run.epoch ? name : `${name} at epoch ${layer.epoch}`;
}

/** A question mark for the runner-up, the epoch alone where it is not the last. */
function briefPhase({ run, layer }: Line): string {
  if (layer === null || layer.phase === null) return NO_VALUE;
  const name = `${layer.phase}${layer.phase_ambiguous === true ? '?' : ''}`;
  return layer.epoch === run.epoch ? name : `${name} @${layer.epoch}`;
}
