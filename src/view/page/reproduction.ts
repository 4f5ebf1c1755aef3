import { escapeMarkup } from '../../base/escapeMarkup.ts';
import type { CsvRow, CsvValue } from '../../experiment/results/csvFiles.ts';
import { showNumber } from './html.ts';

/** Column that says whether a number lies within its tolerance. */
const WITHIN = 'within';

/** Returns the table of the authors' numbers beside those found here, columns as they come. */
export function reproductionSection(rows: readonly CsvRow[]): string {
  const columns = Object.keys(rows[0]!);
  const judged = rows.filter((row) => row[WITHIN] !== null && row[WITHIN] !== undefined);
  const within = judged.filter((row) => row[WITHIN] === true).length;
  const isText = (column: string): boolean => rows.some((row) => typeof row[column] === 'string');
  const align = (column: string): string => (isText(column) ? ' class="text"' : '');
  const head = columns
    .map((column) => `<th scope="col"${align(column)}>${escapeMarkup(column.replaceAll('_', ' '))}</th>`)
    .join('');
  const body = rows.map(
    (row) =>
      `<tr>${columns.map((column) => `<td${align(column)}>${cell(column, row[column] ?? null)}</td>`).join('')}</tr>`,
  );
  return `${judged.length === 0 ? '' : `<p><strong>${within} of ${judged.length}</strong> numbers lie within their tolerance.</p>`}
<div class="scroll tall plain" tabindex="0" role="region" aria-label="Table of the reproduction">
<table><thead><tr>${head}</tr></thead><tbody>
${body.join('\n')}
</tbody></table></div>`;
}

function cell(column: string, value: CsvValue): string {
  if (column === WITHIN && value !== null) {
    return value === true ? '<span class="within">yes</span>' : '<strong class="beyond">no</strong>';
  }
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : showNumber(value, 4);
  return value === null ? '\u2013' : escapeMarkup(String(value));
}
