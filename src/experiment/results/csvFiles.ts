import { parse } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';
import { writeFileAtomic } from '../../base/files/atomicWrite.ts';
import { readBytes } from '../../base/files/readFile.ts';
import { UserError } from '../../base/userError.ts';
import { COLUMN_OF, type Column, namesOf, SPECTRUM_COLUMNS } from '../../spectra/columns.ts';
import { PHASES } from '../../spectra/phase.ts';
import type { SpectrumRow } from '../../spectra/spectrumRow.ts';
import { METRICS_COLUMNS, type MetricsRow, NO_CIRCUMSTANCES, NOT_EVALUATED } from './metricsRow.ts';

export type CsvValue = string | number | boolean | null;
export type CsvRow = Readonly<Record<string, CsvValue>>;

/** What a row cannot be without; any other column may be absent and then reads as null. */
const REQUIRED_COLUMNS = ['run', 'epoch', 'layer', 'N', 'M', 'lambda_max'] as const;
/** What makes a spreadsheet take a cell for a formula. */
const FORMULA_START = /^(?='*[=+\-@\t\r])/;
const ESCAPED_START = /^'(?='*[=+\-@\t\r])/;
const LINE_FEED = 10;
const EVERY_ROW = namesOf(SPECTRUM_COLUMNS);
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/**
 * Returns `rows` as CSV text with a header line. Numbers are written in the shortest form that reads back to the same double,
 * null as an empty field. Text that a spreadsheet would run, such as `=1+1`, gets an apostrophe before it, which reading takes away.
 * Throws RangeError for a number that is not finite: a quantity that cannot be had must be null.
 */
export function csvText(rows: readonly CsvRow[], columns: readonly string[]): string {
  return [...csvParts(rows, columns)].join('');
}

/** Rows that are made text at a time. */
const ROWS_TOGETHER = 1000;

/** Yields what `csvText` returns, some rows at a time. */
function* csvParts(rows: Iterable<CsvRow>, columns: readonly string[]): Generator<string> {
  // A lone carriage return ends a record too, as the reader sees it.
  const text = (records: string[][]): string => stringify(records, { quoted_match: /\r/ });
  yield text([columns.map(harmless)]);
  let records: string[][] = [];
  for (const row of rows) {
    records.push(columns.map((column) => field(row[column] ?? null, column)));
    if (records.length < ROWS_TOGETHER) continue;
    yield text(records);
    records = [];
  }
  if (records.length > 0) yield text(records);
}

function columnsOf(rows: Iterable<SpectrumRow>, leading: readonly string[]): string[] {
  const present = new Set<string>();
  for (const row of rows) for (const name of Object.keys(row)) present.add(name);
  const options = [...COLUMN_OF.keys()].filter((name) => present.has(name));
  return [...new Set([...leading, ...EVERY_ROW, ...options, ...present])];
}

/**
 * Writes rows of spectra.csv, atomically, in the order of the table of columns; `leading` columns, such as the settings of the runs, stand
 * before them, those of another version behind.
 */
export function writeSpectraCsv(
  path: string,
  rows: Iterable<SpectrumRow>,
  leading: readonly string[] = ['run'],
): void {
  const parts = csvParts(rows, columnsOf(rows, leading));
  writeFileAtomic(path, encoded(parts));
}

function* encoded(parts: Iterable<string>): Generator<Uint8Array> {
  for (const part of parts) yield Buffer.from(part);
}

/** Writes rows of metrics.csv, atomically. */
export function writeMetricsCsv(path: string, rows: readonly MetricsRow[]): void {
  writeFileAtomic(path, csvText(rows, namesOf(METRICS_COLUMNS)));
}

/** Returns the rows of a spectra.csv, types restored. Throws UserError with file and line for what is not one. */
export function readSpectraCsv(path: string): SpectrumRow[] {
  const { header, records } = readRecords(path);
  const missing = REQUIRED_COLUMNS.filter((column) => !header.includes(column));
  if (missing.length > 0) throw new UserError(`${path}:1: columns must include ${missing.join(', ')}`);
  const absent = EVERY_ROW.filter((column) => !header.includes(column));
  return records.map((record, i) => {
    const row: Record<string, CsvValue> = {};
    header.forEach((column, c) => {
      row[column] = typed(record[c]!, column);
    });
    for (const column of absent) row[column] = null;
    const phase = row.phase ?? null;
    if (phase !== null && !(PHASES as readonly CsvValue[]).includes(phase)) {
      throw new UserError(`${path}:${i + 2}: unknown phase: ${phase} (known: ${PHASES.join(', ')})`);
    }
    for (const column of ['N', 'M', 'lambda_max'] as const) {
      if (typeof row[column] !== 'number') {
        throw new UserError(`${path}:${i + 2}: ${column} must be a number, got '${row[column] ?? ''}'`);
      }
    }
    return row as SpectrumRow;
  });
}

/** Columns that the files of earlier versions do not have. */
const EARLIER_ROW = { ...NO_CIRCUMSTANCES, ...NOT_EVALUATED };

/** Returns the rows of a metrics.csv. Throws UserError with file and line for what is not one. */
export function readMetricsCsv(path: string): MetricsRow[] {
  const { header, records } = readRecords(path);
  const missing = namesOf(METRICS_COLUMNS).filter(
    (column) => !header.includes(column) && !Object.hasOwn(EARLIER_ROW, column),
  );
  if (missing.length > 0) throw new UserError(`${path}:1: columns must include ${missing.join(', ')}`);
  return records.map((record, i) => {
    const row: Record<string, CsvValue> = { ...EARLIER_ROW };
    header.forEach((column, c) => {
      const value = typed(record[c]!, column);
      if (value !== null && typeof value !== 'number') {
        throw new UserError(`${path}:${i + 2}: ${column} must be a number, got '${value}'`);
      }
      row[column] = value;
    });
    return row as unknown as MetricsRow;
  });
}

/** Returns the rows of a CSV file with any columns; what looks like a number or a boolean is one. */
export function readTable(path: string): CsvRow[] {
  const { header, records } = readRecords(path);
  return records.map((record) =>
    Object.fromEntries(header.map((column, c) => [column, typed(record[c]!, column)])),
  );
}

function readRecords(path: string): { header: string[]; records: string[][] } {
  const text = readBytes(path);
  let parsed: string[][];
  try {
    parsed = parse(text, { bom: true, skip_empty_lines: true });
  } catch (error) {
    throw new UserError(`${path} must be a CSV file: ${(error as Error).message}`);
  }
  // A number that is cut off is still a number: the line feed at the end tells that the last line is whole.
  if (text.at(-1) !== LINE_FEED) {
    throw new UserError(
      `${path} must end with a line feed, got ${text.length === 0 ? 'nothing' : 'a line that is cut off'}`,
    );
  }
  const [header, ...records] = parsed;
  return { header: (header ?? []).map(original), records };
}

function field(value: CsvValue, column: string): string {
  if (value === null) return '';
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new RangeError(`${column} must be finite or null, got ${value}`);
  }
  if (typeof value === 'string') return harmless(value);
  return Object.is(value, -0) ? '-0' : String(value);
}

function typed(text: string, column: string): CsvValue {
  if (text === '') return null;
  if (isText(COLUMN_OF.get(column))) return original(text);
  if (NUMBER.test(text)) return Number(text);
  if (text === 'true' || text === 'false') return text === 'true';
  return original(text);
}

const harmless = (text: string): string => text.replace(FORMULA_START, "'");

/** Returns what `harmless` was given. */
const original = (text: string): string => text.replace(ESCAPED_START, '');

/** Text stays text even where it looks like a number: a run may be named `16`. */
function isText(column: Column | undefined): boolean {
  return column !== undefined && /^(text|phase)/.test(column[1]);
}
