import { escapeMarkup } from '../../../base/escapeMarkup.ts';
import type { JoinedRow } from '../../../experiment/results/joinRows.ts';
import { PHASES, type Phase } from '../../../spectra/phase.ts';
import type { LegendEntry } from '../../figures/sheet.ts';

/** What stands where there is no number. */
export const NOTHING = '\u2013';

/** Returns a number to `digits` significant digits, whole and everyday ones without an exponent; a dash for null. */
export function showNumber(value: number | null | undefined, digits = 3): string {
  if (value === null || value === undefined) return NOTHING;
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e6) return String(value);
  if (size >= 1e5 || size < 1e-3) return value.toExponential(digits - 1);
  return value.toFixed(Math.max(0, digits - 1 - Math.floor(Math.log10(size))));
}

/** Returns a share as a percentage with two decimals; a dash for null. */
export const showPercent = (value: number | null | undefined): string =>
  value === null || value === undefined ? NOTHING : `${(100 * value).toFixed(2)} %`;

/** Returns a mean with its standard deviation: two digits of the latter, at most four of the mean; of shares as percentages. */
export function showSpread(mean: number, sd: number, share = false): string {
  const [value, off] = share ? [100 * mean, 100 * sd] : [mean, sd];
  const fine = off > 0 ? 1 - Math.floor(Math.log10(off)) : 2;
  const most = value === 0 ? 2 : 3 - Math.floor(Math.log10(Math.abs(value)));
  const digits = Math.min(4, Math.max(0, Math.min(fine, most)));
  return `${value.toFixed(digits)}${share ? ' %' : ''} <span class="sd">\u00b1 ${off.toFixed(digits)}</span>`;
}

/** Returns the colour of a phase in the page's theme. */
export const phaseColor = (phase: Phase): string => `var(--phase-${PHASES.indexOf(phase)})`;

/** Returns the badge of a row's phase; the runner-up beside an ambiguous one. */
export function phaseBadge({ phase, phase_ambiguous, phase_runner_up }: Partial<JoinedRow>): string {
  if (phase == null) return NOTHING;
  const doubt =
    phase_ambiguous === true
      ? ` <span class="note">or ${escapeMarkup(phase_runner_up ?? 'another')}</span>`
      : '';
  return `<span class="badge" style="--fill: ${phaseColor(phase)}">${phase}</span>${doubt}`;
}

/** Returns a legend as a list. */
export function legendList(entries: readonly LegendEntry[]): string {
  const items = entries.map(
    ({ label, color, mark }) =>
      `<li><i class="${mark}" style="--stroke: ${color}"></i>${escapeMarkup(label)}</li>`,
  );
  return `<ul class="legend">${items.join('')}</ul>`;
}

/** Longest piece of a name that stands on one line in a table. */
const WHOLE = 24;

/** Returns a name for a table: a short one on one line, a longer one broken behind its dots, slashes and underscores. */
export const wholeName = (name: string): string =>
  name.length <= WHOLE ? `<span class="whole">${escapeMarkup(name)}</span>` : breakable(name);

/** Returns a name that may break behind its dots, slashes and underscores. */
export const breakable = (name: string): string => escapeMarkup(name).replace(/[./_]/g, '$&<wbr>');

/** Returns how often each of the texts occurs, the most frequent first; a dash for none. */
export function counted(texts: Iterable<string>): string {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return countsText(Object.fromEntries(counts));
}

/** Returns counts by name, the largest first; a dash for none. */
export function countsText(counts: Readonly<Record<string, number>>): string {
  const sorted = Object.entries(counts).sort(([, a], [, b]) => b - a);
  return sorted.map(([name, count]) => `${count} ${name}`).join(', ') || NOTHING;
}

/** Returns `1 run`, `2 runs`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
