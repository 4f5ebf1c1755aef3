import { escapeMarkup } from '../../base/escapeMarkup.ts';
import { type JoinedRow, joinedColumn, lastEpochRows } from '../../experiment/results/joinRows.ts';
import { PHASES } from '../../spectra/phase.ts';
import { showNumber } from './html.ts';
import type { ReportInput } from './reportInput.ts';

interface Heading {
  column: keyof JoinedRow & string;
  /** Text is set to the left. */
  text?: boolean;
  /** What it is sorted by, where that is not what the column holds. */
  sorted?: (row: JoinedRow) => string | number | null;
  show?: (row: JoinedRow) => string;
}

const percent = (value: number | null): string =>
  value === null ? '\u2013' : `${(100 * value).toFixed(2)} %`;

const HEADINGS: readonly Heading[] = [
  { column: 'run', text: true, sorted: (row) => row.run ?? 'weights' },
  { column: 'batch_size' },
  { column: 'layer', text: true },
  { column: 'epoch' },
  { column: 'train_accuracy', show: (row) => percent(row.train_accuracy) },
  { column: 'test_accuracy', show: (row) => percent(row.test_accuracy) },
  { column: 'gap', show: (row) => percent(row.gap) },
  { column: 'alpha' },
  { column: 'stable_rank' },
  { column: 'mp_softrank' },
  { column: 'num_spikes' },
  {
    column: 'phase',
    text: true,
    sorted: (row) => (row.phase === null ? null : PHASES.indexOf(row.phase)),
    show: phaseBadge,
  },
];

/** Returns the badge of a row's phase; the runner-up beside an ambiguous one. */
export function phaseBadge(row: JoinedRow): string {
  if (row.phase === null) return '\u2013';
  const doubt =
    row.phase_ambiguous === true
      ? ` <span class="note">? ${escapeMarkup(row.phase_runner_up ?? 'ambiguous')}</span>`
      : '';
  return `<span class="badge" style="--fill: var(--phase-${PHASES.indexOf(row.phase)})">${row.phase}</span>${doubt}`;
}

/** Returns the table run x layer at each run's last analyzed epoch, and below it the runs that are not finished or have no spectra yet. */
export function runTable(rows: readonly JoinedRow[], runs: ReportInput['runs']): string {
  const last = lastEpochRows(rows);
  const head = HEADINGS.map(({ column, text }) => {
    const [, , label, , meaning] = joinedColumn(column);
    const set = text === true ? ' class="text"' : '';
    return `<th scope="col"${set} data-column="${column}" title="${escapeMarkup(meaning)}"><button type="button">${escapeMarkup(label)}</button></th>`;
  }).join('');
  const body = last.map((row) => `<tr data-phase="${row.phase ?? ''}">${cells(row)}</tr>`).join('\n');
  const analyzed = new Set(last.map((row) => row.run));
  const missing = runs.filter((run) => !analyzed.has(run.id));
  const unfinished = runs.filter(
    (run) => analyzed.has(run.id) && run.status !== null && run.status.state !== 'done',
  );
  return `<div class="scroll tall" tabindex="0" role="region" aria-label="Table of runs">
<table id="run-table"><thead><tr>${head}</tr></thead>
<tbody>
${body}
</tbody></table></div>
${remark('Not finished', unfinished)}${remark('Without spectra', missing)}`;
}

function cells(row: JoinedRow): string {
  return HEADINGS.map(({ column, text, sorted, show }) => {
    const held = row[column] ?? null;
    const raw = sorted === undefined ? (typeof held === 'boolean' ? String(held) : held) : sorted(row);
    const shown = show
      ? show(row)
      : typeof raw === 'string'
        ? escapeMarkup(raw)
        : raw !== null && Number.isInteger(raw)
          ? String(raw)
          : showNumber(raw);
    const tag = column === 'run' ? 'th scope="row"' : 'td';
    return `<${tag}${text ? ' class="text"' : ''} data-v="${escapeMarkup(String(raw ?? ''))}">${shown}</${tag.slice(0, 2)}>`;
  }).join('');
}

function remark(what: string, runs: ReportInput['runs']): string {
  return runs.length === 0 ? '' : `<p class="note">${what}: ${runs.map(describeRun).join('; ')}.</p>`;
}

function describeRun(run: ReportInput['runs'][number]): string {
  const { status } = run;
  const state =
    status === null
      ? 'not begun'
      : status.state === 'failed'
        ? `failed: ${status.error ?? 'no reason given'}`
        : `${status.state}, epoch ${status.epoch} of ${status.epochs}`;
  return `${escapeMarkup(run.id)} (${escapeMarkup(state)})`;
}
