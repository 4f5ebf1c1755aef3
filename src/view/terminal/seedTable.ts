import { lastEpochRows } from '../../experiment/results/joinRows.ts';
import { fittedAccuracy } from '../../experiment/results/metricsRow.ts';
import { type Spread, spread } from '../../experiment/results/overSeeds.ts';
import type { RunSummary } from '../../experiment/status/runEvents.ts';
import { PHASES } from '../../spectra/phase.ts';
import type { SpectrumRow } from '../../spectra/spectrumRow.ts';
import { NO_VALUE } from './numberText.ts';
import { type Column, formatTable } from './table.ts';

interface Line {
  group: string;
  runs: readonly RunSummary[];
  layer: string | null;
  rows: readonly SpectrumRow[];
}

const right = { align: 'right' } as const;
const ofRuns = (value: (run: RunSummary) => number | null, digits: number) => ({
  text: ({ runs }: Line): string => spreadText(spread(runs.map(value)), digits),
  brief: ({ runs }: Line): string => spreadText(spread(runs.map(value)), digits - 1),
  ...right,
});
const ofRows = (column: 'alpha' | 'stable_rank' | 'mp_softrank' | 'num_spikes', digits: number) => ({
  text: ({ rows }: Line): string => spreadText(spread(rows.map((row) => row[column])), digits),
  ...right,
});
const COLUMNS: readonly Column<Line>[] = [
  { title: 'setting', text: ({ group }) => group, elastic: true },
  { title: 'seeds', text: ({ runs }) => String(runs.length), ...right },
  { title: 'train', ...ofRuns(fittedAccuracy, 4), dispensable: 1 },
  { title: 'test', ...ofRuns((run) => run.test_accuracy, 4) },
  { title: 'gap', ...ofRuns((run) => run.generalization_gap, 4), dispensable: 2 },
  { title: 'layer', text: ({ layer }) => layer ?? NO_VALUE },
  { title: 'alpha', ...ofRows('alpha', 2) },
  { title: 'stable rank', ...ofRows('stable_rank', 1), dispensable: 3 },
  { title: 'soft rank', ...ofRows('mp_softrank', 3), dispensable: 4 },
  { title: 'spikes', ...ofRows('num_spikes', 1), dispensable: 5 },
  { title: 'phases', text: ({ rows }) => phasesText(rows) },
];

/**
 * Returns the table of settings of which several seeds were run: means over the finished runs with standard deviations, and how many of
 * them have each phase; null where no setting has two finished runs.
 */
export function seedTable(
  runs: readonly RunSummary[],
  layers: readonly SpectrumRow[],
  groups: ReadonlyMap<string, string>,
  width: number,
): string | null {
  const done = runs.filter(({ state }) => state === 'done');
  const last = lastEpochRows(layers);
  const lines = [...new Set(done.map(({ run }) => groups.get(run) ?? run))].flatMap((group): Line[] => {
    const members = done.filter(({ run }) => (groups.get(run) ?? run) === group);
    if (members.length < 2) return [];
    const ids = new Set(members.map(({ run }) => run));
    const rows = last.filter(({ run }) => run !== null && ids.has(run));
    const names = [...new Set(rows.map(({ layer }) => layer))];
    if (names.length === 0) return [{ group, runs: members, layer: null, rows: [] }];
    return names.map((layer) => ({
      group,
      runs: members,
      layer,
      rows: rows.filter((row) => row.layer === layer),
    }));
  });
  return lines.length === 0 ? null : formatTable(COLUMNS, lines, width);
}

function spreadText(values: Spread | null, digits: number): string {
  if (values === null) return NO_VALUE;
  const off = values.sd === null ? '' : `±${values.sd.toFixed(digits)}`;
  return values.mean.toFixed(digits) + off;
}

function phasesText(rows: readonly SpectrumRow[]): string {
  const counts = PHASES.map((phase) => ({ phase, count: rows.filter((row) => row.phase === phase).length }));
  const found = counts.filter(({ count }) => count > 0).sort((a, b) => b.count - a.count);
  if (found.length === 1 && found[0]!.count === rows.length) return found[0]!.phase;
  return found.map(({ phase, count }) => `${count} ${phase}`).join(', ') || NO_VALUE;
}
