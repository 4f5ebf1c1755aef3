import { escapeMarkup } from '../../../base/escapeMarkup.ts';
import { type JoinedRow, joinedColumn } from '../../../experiment/results/joinRows.ts';
import { accuracyGap } from '../../../experiment/results/metricsRow.ts';
import { DIFF_COLUMN_OF } from '../../../spectra/diffColumns.ts';
import { PHASES } from '../../../spectra/phase.ts';
import { NOTHING, phaseBadge, showNumber, showPercent, showSpread, wholeName } from './html.ts';
import { lastRows } from './lastRows.ts';
import { NO_RUN, type PageData, type SeedsShown, shownRuns } from './pageData.ts';
import type { PageRun } from './pageRun.ts';
import { stateFragment } from './pageState.ts';

/** That of a run without spectra has no layer and nothing of one. */
type TableRow = Partial<JoinedRow>;

interface Heading {
  column: keyof JoinedRow & string;
  /** Text is set to the left. */
  text?: boolean;
  /** What it is sorted by, where that is not what the column holds. */
  sorted?: (row: TableRow) => string | number | null;
  show?: (row: TableRow) => string;
  /** Shown as a percentage. */
  share?: boolean;
  /** What its heading says, where that is not the column's label. */
  called?: string;
  /** Left out where no row has it: of a training elsewhere only its spectra may be known. */
  spare?: boolean;
  /** What it is called on a phone, where a row of the table is a few lines. */
  brief?: string;
}

const HEADINGS: readonly Heading[] = [
  { column: 'run', text: true, sorted: (row) => row.run ?? NO_RUN, show: runLink },
  { column: 'batch_size', spare: true },
  { column: 'layer', text: true, show: ({ layer }) => (layer === undefined ? NOTHING : wholeName(layer)) },
  { column: 'epoch', brief: 'epoch' },
  { column: 'phase', text: true, sorted: phaseOrder, show: phaseBadge },
  {
    column: 'evaluated_train_accuracy',
    called: 'training accuracy',
    share: true,
    brief: 'train',
    spare: true,
  },
  { column: 'train_accuracy', share: true, brief: 'train', spare: true },
  { column: 'test_accuracy', share: true, brief: 'test', spare: true },
  { column: 'gap', share: true, brief: 'gap', spare: true },
  { column: 'alpha', brief: 'alpha' },
  { column: 'stable_rank', brief: 'stable' },
  { column: 'mp_softrank', brief: 'soft' },
  { column: 'num_spikes', brief: 'spikes' },
];

/** Of weights files. */
const LAYER_HEADINGS: readonly Heading[] = [
  { column: 'run', text: true, show: (row) => wholeName(row.run ?? NO_RUN) },
  { column: 'layer', text: true, show: layerLink },
  { column: 'N', brief: 'N' },
  { column: 'M', brief: 'M' },
  { column: 'phase', text: true, sorted: phaseOrder, show: phaseBadge },
  { column: 'alpha', brief: 'alpha' },
  { column: 'D', brief: 'D' },
  { column: 'stable_rank', brief: 'stable' },
  { column: 'mp_softrank', brief: 'soft' },
  { column: 'num_spikes', brief: 'spikes' },
  { column: 'num_traps', brief: 'traps' },
  { column: 'warning', text: true, show: (row) => escapeMarkup(row.warning ?? '') },
];

/** Of a difference; from `phase` on of B - A. */
const CHANGE_HEADINGS: readonly Heading[] = [
  { column: 'layer', text: true, show: layerLink },
  { column: 'N', brief: 'N' },
  { column: 'M', brief: 'M' },
  { column: 'relative_change', brief: 'change' },
  { column: 'cosine', brief: 'cosine' },
  { column: 'alpha_a', brief: 'alpha A' },
  { column: 'alpha_b', brief: 'B' },
  { column: 'overlap_short', brief: 'overlap' },
  { column: 'delta_overlap_short', brief: 'of change' },
  { column: 'chance_short', brief: 'chance' },
  { column: 'phase', text: true, sorted: phaseOrder, show: phaseBadge },
  { column: 'alpha', brief: 'alpha B - A' },
  { column: 'stable_rank', brief: 'stable' },
  { column: 'num_spikes', brief: 'spikes' },
];

function layerLink(row: TableRow): string {
  return spectrumLink(row, row.layer ?? '');
}

function runLink(row: TableRow): string {
  return spectrumLink(row, row.run ?? NO_RUN);
}

function spectrumLink({ run, layer, epoch }: TableRow, name: string): string {
  if (layer === undefined) return wholeName(name);
  const fragment = stateFragment({ run: run ?? NO_RUN, layer, epoch: epoch ?? null });
  return `<a href="${escapeMarkup(fragment)}">${wholeName(name)}</a>`;
}

/**
 * What a page has columns for: the training accuracy that the gap is taken from; of weights the file only where there are several, traps only
 * where they were looked for.
 */
function headingsOf(
  { weights, difference, runs, spectra, metrics }: PageData,
  rows: readonly TableRow[],
): readonly Heading[] {
  if (difference !== null) return CHANGE_HEADINGS;
  if (!weights) {
    const evaluated = metrics.some((row) => typeof row.evaluated_train_accuracy === 'number');
    const other = evaluated ? 'train_accuracy' : 'evaluated_train_accuracy';
    return HEADINGS.filter(
      ({ column, spare }) =>
        column !== other && (spare !== true || rows.some((row) => typeof row[column] === 'number')),
    );
  }
  const shown: Record<string, boolean> = {
    run: runs.length > 1,
    num_traps: spectra.some(({ row }) => typeof row.num_traps === 'number'),
  };
  return LAYER_HEADINGS.filter(({ column }) => shown[column] ?? true);
}

function phaseOrder({ phase }: TableRow): number | null {
  return phase == null ? null : PHASES.indexOf(phase);
}

/**
 * Returns the table run x layer at each run's last analyzed epoch, a run without spectra by what its training gave, and below it the runs
 * that are not finished or have no spectra yet.
 */
export function runTable(data: PageData, seeds: SeedsShown): string {
  const { runs, spectra } = data;
  const rows = tableRows(data, seeds);
  const headings = headingsOf(data, rows);
  const head = headings
    .map(({ column, text, called }) => {
      const [, , label, , meaning] = DIFF_COLUMN_OF.get(column) ?? joinedColumn(column);
      const set = text === true ? ' class="text"' : '';
      return `<th scope="col"${set} data-column="${column}" title="${escapeMarkup(meaning)}"><button type="button">${escapeMarkup(called ?? label)}</button></th>`;
    })
    .join('');
  const reasons = new Map(runs.map(({ id, notLearned }) => [id, notLearned]));
  const body = rows
    .map((row) => {
      const reason = reasons.get(row.run ?? NO_RUN) ?? null;
      return `<tr data-phase="${row.phase ?? ''}">${cells(row, headings, reason)}</tr>`;
    })
    .join('\n');
  const analyzed = new Set(spectra.map(({ row }) => row.run ?? NO_RUN));
  return `<div class="scroll tall runs" tabindex="0" role="region" aria-label="Table of runs">
<table id="run-table"><thead><tr>${head}</tr></thead>
<tbody>
${body}
</tbody></table></div>
${notLearnedNote(runs.filter(({ members }) => members.length === 1))}${remark(
  'Not finished',
  runs.filter((run) => run.remark !== null && analyzed.has(run.id)),
)}${remark(
  'Without spectra',
  runs.filter((run) => !analyzed.has(run.id)),
)}`;
}

function tableRows(data: PageData, seeds: SeedsShown): TableRow[] {
  const last = lastRows(data, seeds);
  if (data.weights) return last;
  return shownRuns(data, seeds).flatMap((run) => {
    const own = last.filter((row) => (row.run ?? NO_RUN) === run.id);
    return own.length > 0 ? own : [trainedRow(run, data)];
  });
}

/** What there is of a run without spectra: its last epoch. */
function trainedRow({ id, batchSize }: PageRun, { metrics }: PageData): TableRow {
  const row = metrics.findLast(({ run }) => run === id);
  if (row === undefined) return { run: id, batch_size: batchSize };
  const { epoch, train_accuracy, evaluated_train_accuracy, test_accuracy } = row;
  const accuracies = { train_accuracy, evaluated_train_accuracy, test_accuracy, gap: accuracyGap(row) };
  return { run: id, batch_size: batchSize, epoch, ...accuracies };
}

function cells(row: TableRow, headings: readonly Heading[], notLearned: string | null): string {
  return headings
    .map(({ column, text, sorted, show, share, brief }) => {
      const held = row[column] ?? null;
      const raw = sorted === undefined ? (typeof held === 'boolean' ? String(held) : held) : sorted(row);
      const sd = row[`${column}_sd`];
      const shown = show
        ? show(row)
        : typeof raw === 'string'
          ? escapeMarkup(raw)
          : typeof sd === 'number' && raw !== null
            ? showSpread(raw, sd, share)
            : share
              ? showPercent(raw)
              : showNumber(raw);
      const doubt =
        column === 'phase' && notLearned !== null
          ? ` <span class="warning" title="${escapeMarkup(notLearned)}">not learned</span>`
          : '';
      const tag = column === headings[0]!.column ? 'th scope="row"' : 'td';
      const called = brief === undefined ? '' : ` data-brief="${brief}"`;
      return `<${tag}${text ? ' class="text"' : ''}${called} data-c="${column}" data-v="${escapeMarkup(String(raw ?? ''))}">${shown}${doubt}</${tag.slice(0, 2)}>`;
    })
    .join('');
}

function remark(what: string, runs: readonly PageRun[]): string {
  const named = runs.map((run) => escapeMarkup(run.remark === null ? run.id : `${run.id} (${run.remark})`));
  return runs.length === 0 ? '' : `<p class="note">${what}: ${named.join('; ')}.</p>`;
}

function notLearnedNote(runs: readonly PageRun[]): string {
  const named = runs.flatMap(({ id, notLearned }) =>
    notLearned === null ? [] : [escapeMarkup(`${id} (${notLearned})`)],
  );
  if (named.length === 0) return '';
  return `<p class="warning">Not learned: ${named.join('; ')}. Phases of such runs say nothing of training.</p>`;
}
