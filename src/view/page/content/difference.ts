import type { JoinedRow } from '../../../experiment/results/joinRows.ts';
import { breakable, counted, NOTHING, showNumber } from './html.ts';
import type { PageData } from './pageData.ts';

/** Returns what changed from A to B over all layers, and what could not be compared. */
export function differenceSection({ spectra, difference }: PageData): string {
  if (difference === null) return '';
  const rows = spectra.map(({ row }) => row);
  const squares = (name: string): number => sum(numbers(rows, name).map((norm) => norm ** 2));
  const whole = squares('frobenius_a');
  const mostChanged = rows.reduce<JoinedRow | undefined>(
    (most, row) => (changeOf(row) > (most === undefined ? 0 : changeOf(most)) ? row : most),
    undefined,
  );
  const moved = rows.filter(({ phase_a, phase_b }) => phase_a !== phase_b);
  const [top] = [...new Set(numbers(rows, 'top'))].sort((a, b) => b - a);
  const facts: [string, string][] = [
    ['A', difference.a],
    ['B', difference.b],
    ['layers compared', String(rows.length)],
    ['relative change', showNumber(whole > 0 ? Math.sqrt(squares('frobenius_delta') / whole) : null)],
    [
      'changed most',
      mostChanged === undefined ? NOTHING : `${mostChanged.layer}, ${showNumber(changeOf(mostChanged))}`,
    ],
    ['unchanged layers', String(rows.filter(({ relative_change }) => relative_change === 0).length)],
    ['mean alpha', `${showNumber(mean(rows, 'alpha_a'))} of A, ${showNumber(mean(rows, 'alpha_b'))} of B`],
    [
      'phases that changed',
      counted(moved.map(({ phase_a, phase_b }) => `${phase_a ?? 'none'} to ${phase_b ?? 'none'}`)),
    ],
    ['phases of B - A', counted(rows.map(({ phase }) => phase ?? 'none'))],
    ...(top === undefined
      ? []
      : ([
          ['directions compared', `${top} a layer`],
          [
            'overlap of A and B',
            `${showNumber(mean(rows, 'overlap_short'))}, by chance ${showNumber(mean(rows, 'chance_short'))}`,
          ],
          ['overlap of A and B - A', showNumber(mean(rows, 'delta_overlap_short'))],
        ] satisfies [string, string][])),
  ];
  const list = facts.map(([name, value]) => `<dt>${name}</dt><dd>${breakable(value)}</dd>`);
  const remarks = difference.remarks.map((line) => `<li>${breakable(line)}</li>`);
  return `<div class="model"><dl>${list.join('')}</dl></div>
${remarks.length === 0 ? '' : `<p class="note">Not compared:</p><ul class="note">${remarks.join('')}</ul>`}`;
}

const changeOf = ({ relative_change }: JoinedRow): number =>
  typeof relative_change === 'number' ? relative_change : 0;

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

function numbers(rows: readonly JoinedRow[], name: string): number[] {
  return rows.map((row) => row[name]).filter((value) => typeof value === 'number');
}

function mean(rows: readonly JoinedRow[], name: string): number | null {
  const found = numbers(rows, name);
  return found.length === 0 ? null : sum(found) / found.length;
}
