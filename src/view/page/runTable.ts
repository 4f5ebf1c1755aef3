import { type JoinedRow, lastEpochRows } from '../../experiment/results/joinRows.ts';
import { PHASES } from '../../spectra/spectrumRow.ts';
import { escapeHtml, showNumber } from './html.ts';
import type { ReportInput } from './reportInput.ts';

interface Column {
  title: string;
  hint: string;
  text?: boolean;
  value: (row: JoinedRow) => string | number | null;
  show?: (row: JoinedRow) => string;
}

const percent = (value: number | null): string =>
  value === null ? '\u2013' : `${(100 * value).toFixed(2)} %`;

const COLUMNS: readonly Column[] = [
  { title: 'run', hint: 'id of the run', text: true, value: (row) => row.run ?? 'weights' },
  { title: 'batch', hint: 'batch size', value: (row) => row.batch_size },
  { title: 'layer', hint: 'layer', text: true, value: (row) => row.layer },
  { title: 'epoch', hint: 'last analyzed epoch', value: (row) => row.epoch },
  {
    title: 'train acc.',
    hint: 'training accuracy, mean over the epoch while training',
    value: (row) => row.train_accuracy,
    show: (row) => percent(row.train_accuracy),
  },
  {
    title: 'test acc.',
    hint: 'test accuracy after the epoch',
    value: (row) => row.test_accuracy,
    show: (row) => percent(row.test_accuracy),
  },
  {
    title: 'gap',
    hint: 'training minus test accuracy',
    value: (row) => row.gap,
    show: (row) => percent(row.gap),
  },
  { title: 'alpha', hint: 'exponent of the power-law fit', value: (row) => row.alpha },
  { title: 'stable rank', hint: 'sum of the eigenvalues / the largest', value: (row) => row.stable_rank },
  {
    title: 'soft rank',
    hint: 'Marchenko-Pastur edge / largest eigenvalue',
    value: (row) => row.mp_softrank,
  },
  { title: 'spikes', hint: 'eigenvalues above the Tracy-Widom 99 % edge', value: (row) => row.num_spikes },
  {
    title: 'phase',
    hint: 'phase of training; a question mark: ambiguous',
    text: true,
    value: (row) => (row.phase === null ? null : PHASES.indexOf(row.phase)),
    show: phaseBadge,
  },
];

/** Returns the badge of a row's phase; the runner-up beside an ambiguous one. */
export function phaseBadge(row: JoinedRow): string {
  if (row.phase === null) return '\u2013';
  const doubt =
    row.phase_ambiguous === true
      ? ` <span class="note">? ${escapeHtml(row.phase_runner_up ?? 'ambiguous')}</span>`
      : '';
  return `<span class="badge" style="--fill: var(--phase-${PHASES.indexOf(row.phase)})">${row.phase}</span>${doubt}`;
}

/** Returns the table run x layer at each run's last analyzed epoch, and below it the runs that are not finished or have no spectra yet. */
export function runTable(rows: readonly JoinedRow[], runs: ReportInput['runs']): string {
  const last = lastEpochRows(rows);
  const head = COLUMNS.map(
    ({ title, hint, text }) =>
      `<th scope="col"${text ? ' class="text"' : ''} title="${escapeHtml(hint)}"><button type="button">${title}</button></th>`,
  ).join('');
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
  return COLUMNS.map(({ title, text, value, show }) => {
    const raw = value(row);
    const shown = show
      ? show(row)
      : typeof raw === 'string'
        ? escapeHtml(raw)
        : raw !== null && Number.isInteger(raw)
          ? String(raw)
          : showNumber(raw);
    const tag = title === 'run' ? 'th scope="row"' : 'td';
    return `<${tag}${text ? ' class="text"' : ''} data-v="${escapeHtml(String(raw ?? ''))}">${shown}</${tag.slice(0, 2)}>`;
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
  return `${escapeHtml(run.id)} (${escapeHtml(state)})`;
}
