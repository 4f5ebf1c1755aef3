import { largestOf } from '../../base/extremes.ts';
import { oneLine } from '../../base/files/plainText.ts';

/** A column of a table on the terminal. */
export interface Column<Row> {
  title: string;
  text(row: Row): string;
  align?: 'left' | 'right';
  /** Columns of the greatest number go first where the terminal is too narrow; 0, the default, stays. */
  dispensable?: number;
  /** What it says where the terminal is still too narrow. */
  brief?(row: Row): string;
  /** Whether its texts may then be shortened in the middle. */
  elastic?: boolean;
}

const GAP = '  ';
/** An elastic text is not shortened to less. */
const LEAST_ELASTIC = 8;

/**
 * Returns the rows as a table with a line of titles, at most `width` characters wide: dispensable columns are left out until it
 * fits, and named below; then the brief texts stand for the others, and elastic ones are shortened; what is still too long is cut.
 */
export function formatTable<Row>(
  columns: readonly Column<Row>[],
  rows: Iterable<Row>,
  width = Number.POSITIVE_INFINITY,
): string {
  // The cells are made when their line is: those of hundreds of thousands of rows would take much memory.
  const lay = (wanted: readonly { column: Column<Row>; cell: (row: Row) => string }[]) => {
    const sized = wanted.map((entry) => ({ ...entry, size: oneLine(entry.column.title).length }));
    for (const row of rows) {
      for (const entry of sized) entry.size = Math.max(entry.size, entry.cell(row).length);
    }
    return sized;
  };
  const laid = lay(columns.map((column) => ({ column, cell: (row) => oneLine(column.text(row)) })));
  let shown = laid;
  const total = (): number => shown.reduce((sum, { size }) => sum + size, GAP.length * (shown.length - 1));
  while (total() > width) {
    const rank = largestOf(shown.map(({ column }) => column.dispensable ?? 0));
    if (rank === 0) break;
    const last = shown.findLastIndex(({ column }) => column.dispensable === rank);
    shown = shown.filter((_, index) => index !== last);
  }
  const left = laid.filter((entry) => !shown.includes(entry)).map(({ column }) => column.title);
  if (total() > width) {
    shown = lay(
      shown.map(({ column, cell }) => ({
        column,
        cell: column.brief ? (row) => oneLine(column.brief!(row)) : cell,
      })),
    );
  }
  const most = elasticSizes(shown, total() - width);
  if (shown.some(({ size }, index) => most[index]! < size)) {
    shown = lay(
      shown.map(({ column, cell, size }, index) => ({
        column,
        cell: most[index]! < size ? (row) => shorten(oneLine(column.text(row)), most[index]!) : cell,
      })),
    );
  }
  const line = (cellOf: (entry: (typeof laid)[number]) => string): string =>
    cut(
      shown
        .map((entry) => {
          const cell = cellOf(entry);
          return entry.column.align === 'right' ? cell.padStart(entry.size) : cell.padEnd(entry.size);
        })
        .join(GAP)
        .trimEnd(),
      width,
    );
  return [
    line(({ column }) => oneLine(column.title)),
    ...Array.from(rows, (row) => line(({ cell }) => cell(row))),
    ...(left.length === 0 ? [] : wrap(`(too narrow for ${left.join(', ')}; --json has all)`, width)),
  ].join('\n');
}

/** The sizes after taking `excess` characters from the elastic columns, always from the widest. */
function elasticSizes(
  shown: readonly { column: Pick<Column<never>, 'elastic'>; size: number }[],
  excess: number,
): number[] {
  const sizes = shown.map(({ size }) => size);
  const elastic = sizes.map((_, index) => index).filter((index) => shown[index]!.column.elastic);
  for (let left = excess; left > 0; left--) {
    const widest = largestOf(elastic.map((index) => sizes[index]!));
    if (elastic.length === 0 || widest <= LEAST_ELASTIC) break;
    sizes[elastic.find((index) => sizes[index] === widest)!]!--;
  }
  return sizes;
}

/** Returns the text in lines of at most `width` characters, broken at blanks; a longer word is cut. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else lines.push(word);
  }
  return lines.map((line) => cut(line, width));
}

/** Returns the text, or both of its ends around an ellipsis where it is longer than `width`: an id ends with its seed. */
export function shorten(text: string, width: number): string {
  if (text.length <= width) return text;
  const tail = Math.floor((width - 1) / 2);
  return `${text.slice(0, width - 1 - tail)}…${text.slice(text.length - tail)}`;
}

/** Returns the text, or its beginning and an ellipsis where it is longer than `width`. */
export function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}
