import { fixed, NO_VALUE, significant } from './numberText.ts';
import { type Column, formatTable } from './table.ts';

/** What the table shows of a row of `diff`. */
export interface DiffLine {
  layer: string;
  N: number;
  M: number;
  relative_change: number | null;
  cosine: number | null;
  alpha_a: number | null;
  alpha_b: number | null;
  overlap_short: number | null;
  delta_overlap_short: number | null;
  chance_short: number | null;
  [other: string]: string | number | boolean | null;
}

const right = { align: 'right' } as const;
const number = (value: DiffLine[string] | undefined): number | null =>
  typeof value === 'number' ? value : null;

const COLUMNS: readonly Column<DiffLine>[] = [
  { title: 'layer', text: ({ layer }) => layer },
  { title: 'N x M', text: ({ N, M }) => `${N} x ${M}`, ...right, dispensable: 7 },
  { title: '|B-A|/|A|', text: (row) => significant(row.relative_change), ...right },
  { title: 'cosine', text: (row) => fixed(row.cosine, 4), ...right, dispensable: 3 },
  { title: 'alpha A', text: (row) => fixed(row.alpha_a, 2), ...right },
  { title: 'B', text: (row) => fixed(row.alpha_b, 2), ...right },
  { title: 'overlap A,B', text: (row) => fixed(row.overlap_short, 3), ...right, dispensable: 1 },
  { title: 'A,B-A', text: (row) => fixed(row.delta_overlap_short, 3), ...right, dispensable: 2 },
  { title: 'chance', text: (row) => fixed(row.chance_short, 3), ...right, dispensable: 4 },
  { title: 'B-A: alpha', text: (row) => fixed(number(row.delta_alpha), 2), ...right, dispensable: 5 },
  { title: 'stable rank', text: (row) => significant(number(row.delta_stable_rank)), ...right },
  { title: 'spikes', text: (row) => significant(number(row.delta_num_spikes)), ...right, dispensable: 6 },
  { title: 'phase', text: phaseText },
];

/** Returns the table of what changed, a line a layer; from `B-A: alpha` on it tells of the difference itself. */
export function diffTable(rows: readonly DiffLine[], width: number): string {
  return formatTable(COLUMNS, rows, width);
}

function phaseText({ relative_change, delta_phase, phase_a, phase_b }: DiffLine): string {
  const change = phase_a === phase_b ? '' : ` (A ${phase_a ?? NO_VALUE}, B ${phase_b ?? NO_VALUE})`;
  if (relative_change === 0) return 'unchanged';
  return `${delta_phase ?? NO_VALUE}${change}`;
}
