import { escapeMarkup } from '../../../base/escapeMarkup.ts';
import { largestOf, smallestOf } from '../../../base/extremes.ts';
import { type JoinedRow, lastEpochRows } from '../../../experiment/results/joinRows.ts';
import { PHASES, type Phase } from '../../../spectra/phase.ts';
import { PHASE_STYLE } from '../../figures/phaseStyle.ts';
import { legendList, phaseColor } from './html.ts';
import { NO_RUN, type PageData, type SeedsShown, shownRows } from './pageData.ts';

/** Most places named for a phase; the rest is counted. */
const PLACES_SHOWN = 6;

/** Returns how many phases were seen, how sure their labels are, and what stands for each on the map. */
export function summarySection(data: PageData, seeds: SeedsShown): string {
  const rows = shownRows(data, seeds);
  if (rows.length === 0) {
    return `<p><strong>No spectra yet</strong>, so no phases. The analysis beside a training adds them as they come; <code>phasewatch analyze</code> on the folder makes those of all snapshots.</p>`;
  }
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
The paper assigns phases by eye; these labels come from this project's classifier, and the evidence of each stands with its spectrum.
What they mean, and when a number means nothing, is told in docs/guide/reading.md of phasewatch.</p>
${legendList(PHASES.map((phase) => ({ label: `${PHASE_STYLE[phase].short} ${phase}`, color: phaseColor(phase), mark: 'fill' as const })))}`;
}

/** Returns one card a phase: what it means, where it was seen, at the end of training first; before any spectrum only what it means. */
export function phaseCards(data: PageData, seeds: SeedsShown): string {
  const rows = shownRows(data, seeds);
  const groups = new Map(data.runs.map(({ id, group }) => [id, group]));
  const groupOf = (row: JoinedRow): string => groups.get(row.run ?? NO_RUN)!;
  const last = lastEpochRows(rows);
  return `<ul class="phases">${PHASES.map((phase) => phaseCard(phase, rows, last, groupOf)).join('')}</ul>`;
}

function phaseCard(
  phase: Phase,
  rows: readonly JoinedRow[],
  last: readonly JoinedRow[],
  groupOf: (row: JoinedRow) => string,
): string {
  const atEnd = last.filter((row) => row.phase === phase);
  const ended = new Set(atEnd.map(place));
  const passing = rows.filter((row) => row.phase === phase && row.epoch !== null && !ended.has(place(row)));
  const lines = [
    ...(atEnd.length > 0 ? [`At the end: ${someOf(byGroup(atEnd, groupOf, layersOf))}`] : []),
    ...(passing.length > 0 ? [`On the way: ${someOf(byGroup(passing, groupOf, epochsOf))}`] : []),
  ];
  const { meaning } = PHASE_STYLE[phase];
  const places =
    lines.length === 0 && rows.length > 0
      ? '<div class="absent">not seen</div>'
      : lines.map((line) => `<div>${escapeMarkup(line)}</div>`).join('');
  return `<li style="--fill: ${phaseColor(phase)}"><b>${PHASE_STYLE[phase].short} ${phase}</b><span class="note">${meaning}</span>
${places}</li>`;
}

/** One text a group of runs that differ by seed alone, with what `detail` says of its rows. */
function byGroup(
  rows: readonly JoinedRow[],
  groupOf: (row: JoinedRow) => string,
  detail: (rows: readonly JoinedRow[]) => string,
): string[] {
  const groups = new Map<string, JoinedRow[]>();
  for (const row of rows) {
    const group = groupOf(row);
    const members = groups.get(group);
    if (members === undefined) groups.set(group, [row]);
    else members.push(row);
  }
  return [...groups].map(([group, members]) => `${group} (${detail(members)})`.trim());
}

function layersOf(rows: readonly JoinedRow[]): string {
  return [...new Set(rows.map((row) => row.layer))].join(', ');
}

function epochsOf(rows: readonly JoinedRow[]): string {
  const epochs = rows.map((row) => row.epoch!);
  const [first, last] = [smallestOf(epochs), largestOf(epochs)];
  const span = first === last ? `epoch ${first}` : `epochs ${first}\u2013${last}`;
  return `${layersOf(rows)}, ${span}`;
}

function place(row: JoinedRow): string {
  return `${row.run}/${row.layer}`;
}

function someOf(places: readonly string[]): string {
  const more = places.length - PLACES_SHOWN;
  return places.slice(0, PLACES_SHOWN).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
