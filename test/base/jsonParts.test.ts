import fc from 'fast-check';
import { expect, it } from 'vitest';
import { jsonParts } from '../../src/base/jsonParts.ts';

it('are together what JSON.stringify returns', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 })), (value) => {
      expect([...jsonParts(value)].join('')).toBe(`${JSON.stringify(value, null, 2)}\n`);
    }),
  );
  const odd = { none: undefined, list: [undefined, () => {}, { a: undefined }], empty: [], last: null };
  expect([...jsonParts(odd)].join('')).toBe(`${JSON.stringify(odd, null, 2)}\n`);
});

it('are short however long the lists are', () => {
  const row = { text: 'x'.repeat(1000) };
  for (const part of jsonParts({ rows: Array.from({ length: 1000 }, () => row) })) {
    expect(part.length).toBeLessThan(70_000);
  }
});
