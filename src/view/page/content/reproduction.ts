import { escapeMarkup } from '../../../base/escapeMarkup.ts';
import type { CsvRow, CsvValue } from '../../../experiment/results/csvFiles.ts';
import { NOTHING } from './html.ts';

/** What stands in the line itself; every other column waits behind it. */
const IN_LINE = ['number', 'authors', 'here', 'here_sd', 'tolerance', 'within'];

/** Returns the authors' numbers beside those found here, a line each, those beyond their tolerance first; empty for none. */
export function reproductionSection(rows: readonly CsvRow[]): string {
  if (rows.length === 0) return '';
  const judged = rows.filter((row) => typeof row.within === 'boolean');
  const within = judged.filter((row) => row.within === true).length;
  const order = (row: CsvRow): number => (row.within === false ? 0 : row.within === true ? 1 : 2);
  const lines = rows
    .map((row, index) => ({ row, index }))
    .sort((a, b) => order(a.row) - order(b.row))
    .map(({ row, index }) => line(row, index));
  return `<p><strong>${within} of ${judged.length}</strong> numbers lie within their tolerance; those that do not come first. A click on a line tells more.</p>
<div class="controls"><label>Filter<input type="search" id="number-filter" autocomplete="off"></label>
<label>Show<select id="number-kind"><option value="">all</option><option value="no">beyond tolerance</option><option value="yes">within</option><option value="none">not judged</option></select></label>
<span class="note" id="number-count" role="status"></span></div>
<div class="numbers"><div class="heads" aria-hidden="true"><span></span><span>number</span><span>authors</span><span>here</span><span>tolerance</span></div>
${lines.join('\n')}</div>`;
}

/** More letters take over two lines on a phone. */
const LONG_NAME = 70;

function line(row: CsvRow, index: number): string {
  const judged = row.within === true ? 'yes' : row.within === false ? 'no' : 'none';
  const said = { yes: 'within', no: 'beyond', none: 'not judged' }[judged];
  const { number = null, authors = null, here = null, tolerance = null } = row;
  // On a phone numbers stand below each other; words and long names flow.
  const flows = [authors, here].some((value) => typeof value === 'string') || text(number).length > LONG_NAME;
  return `<details data-kind="${judged}" data-row="${index}"><summary${flows ? ' class="words"' : ''}><span class="mark ${judged}"><span class="unseen">${said}:</span></span><span class="name">${text(number)}</span><span>${text(authors)}</span><span>${text(here)}${spreadText(row)}</span><span${tolerance === null ? ' class="void"' : ''}>${text(tolerance)}</span></summary></details>`;
}

/** The standard deviation over the runs, where there are several. */
function spreadText({ here_sd }: CsvRow): string {
  return typeof here_sd === 'number' ? ` \u00b1 ${Number(here_sd.toPrecision(2))}` : '';
}

/** Returns what waits behind the line of a number: every other column, the reasons of its tolerance among them. */
export function numberDetails(row: CsvRow): string {
  const facts = Object.entries(row)
    .filter(([column, value]) => !IN_LINE.includes(column) && value !== null)
    .map(([column, value]) => `<dt>${escapeMarkup(column.replaceAll('_', ' '))}</dt><dd>${text(value)}</dd>`);
  return `<dl>${facts.join('')}</dl>`;
}

function text(value: CsvValue): string {
  if (value === null) return NOTHING;
  return escapeMarkup(String(typeof value === 'number' ? Number(value.toPrecision(4)) : value));
}
