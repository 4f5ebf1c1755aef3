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
  if (!entries.some(([, held]) => Array.isArray(held) && held.length > 0)) {
    yield JSON.stringify(value, null, 2);
    return;
  }
  let separator = '{\n';
  for (const [key, held] of entries) {
    if (JSON.stringify(Array.isArray(held) ? [] : held) === undefined) continue;
    yield `${separator}  ${JSON.stringify(key)}: `;
    separator = ',\n';
    if (!Array.isArray(held) || held.length === 0) {
      yield indented(held, '  ');
      continue;
    }
    for (const [i, element] of held.entries())
      yield `${i === 0 ? '[' : ','}\n    ${indented(element, '    ')}`;
    yield '\n  ]';
  }
  yield '\n}';
}

const indented = (value: unknown, indent: string): string =>
  (JSON.stringify(value, null, 2) ?? 'null').replaceAll('\n', `\n${indent}`);
