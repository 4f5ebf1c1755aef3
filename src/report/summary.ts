import { PHASE_STYLE } from '../figures/phaseStyle.ts';
import { type JoinedRow, lastEpochRows } from '../results/joinRows.ts';
import { PHASES, type Phase } from '../spectra/spectrumRow.ts';
import { escapeHtml } from './html.ts';

/** Most places named for a phase; the rest is counted. */
const PLACES_SHOWN = 4;

/** Returns how many phases were seen and where: one card a phase, those at the end of training first in it. */
export function summarySection(rows: readonly JoinedRow[]): string {
  const last = lastEpochRows(rows);
  const seen = PHASES.filter((phase) => rows.some((row) => row.phase === phase));
  const final = PHASES.filter((phase) => last.some((row) => row.phase === phase));
  const ambiguous = last.filter((row) => row.phase_ambiguous === true).length;
  const unlabeled = last.filter((row) => row.phase === null).length;
  const doubts = [
    ...(ambiguous > 0 ? [`${ambiguous} of ${last.length} last labels are ambiguous`] : []),
    ...(unlabeled > 0 ? [`${unlabeled} of ${last.length} have none`] : []),
  ].join('; ');
  return `<p><strong>${seen.length} of 5+1 phases seen</strong>, ${final.length} of them in the last epoch of a run.${doubts === '' ? '' : ` ${doubts}.`}
The paper assigns phases by eye; these labels come from this project's classifier, and the evidence of each stands with its spectrum.</p>
<ul class="phases">${PHASES.map((phase, i) => phaseCard(phase, i, rows, last)).join('')}</ul>`;
}

function phaseCard(
  phase: Phase,
  index: number,
  rows: readonly JoinedRow[],
  last: readonly JoinedRow[],
): string {
  const atEnd = last.filter((row) => row.phase === phase).map(place);
  const ended = new Set(atEnd);
  const passing = new Map<string, number[]>();
  for (const row of rows) {
    if (row.phase !== phase || row.epoch === null || ended.has(place(row))) continue;
    passing.set(place(row), [...(passing.get(place(row)) ?? []), row.epoch]);
  }
  const lines = [
    ...(atEnd.length > 0 ? [`At the end: ${someOf(atEnd)}`] : []),
    ...(passing.size > 0
      ? [
          `On the way: ${someOf([...passing].map(([where, epochs]) => `${where} (epoch ${epochRange(epochs)})`))}`,
        ]
      : []),
  ];
  const { meaning } = PHASE_STYLE[phase];
  return `<li style="--fill: var(--phase-${index})"><b>${phase}</b><span class="note">${meaning}</span>
${lines.length === 0 ? '<div class="absent">not seen</div>' : lines.map((line) => `<div>${escapeHtml(line)}</div>`).join('')}</li>`;
}

function place(row: JoinedRow): string {
  return [row.run, row.layer].filter((part) => part !== null).join(' ');
}

function someOf(places: readonly string[]): string {
  const more = places.length - PLACES_SHOWN;
  return places.slice(0, PLACES_SHOWN).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

function epochRange(epochs: readonly number[]): string {
  const first = Math.min(...epochs);
  const last = Math.max(...epochs);
  return first === last ? String(first) : `${first}\u2013${last}`;
}
