import { PackedRows } from './packedRows.ts';

/** Characters that are joined before they are handed on. */
const PART_LENGTH = 1 << 16;

/**
 * Yields what `JSON.stringify(value, null, 2)` returns, and a line feed, in parts: the lists in the object element by element. The text
 * of two hundred thousand rows is longer than a string may be.
 */
export function* jsonParts(value: object): Generator<string> {
  let part = '';
  for (const piece of pieces(value)) {
    part += piece;
    if (part.length < PART_LENGTH) continue;
    yield part;
    part = '';
  }
  yield `${part}\n`;
}

function* pieces(value: object): Generator<string> {
  const entries = Array.isArray(value) ? [] : Object.entries(value);
  if (!entries.some(([, held]) => isList(held) && held.length > 0)) {
    yield JSON.stringify(value, null, 2);
    return;
  }
  let separator = '{\n';
  for (const [key, held] of entries) {
    if (JSON.stringify(isList(held) ? [] : held) === undefined) continue;
    yield `${separator}  ${JSON.stringify(key)}: `;
    separator = ',\n';
    if (!isList(held) || held.length === 0) {
      yield indented(held, '  ');
      continue;
    }
    let bracket = '[';
    for (const element of held) {
      yield `${bracket}\n    ${indented(element, '    ')}`;
      bracket = ',';
    }
    yield '\n  ]';
  }
  yield '\n}';
}

const isList = (value: unknown): value is readonly unknown[] | PackedRows<object> =>
  Array.isArray(value) || value instanceof PackedRows;

const indented = (value: unknown, indent: string): string =>
  (JSON.stringify(value, null, 2) ?? 'null').replaceAll('\n', `\n${indent}`);
