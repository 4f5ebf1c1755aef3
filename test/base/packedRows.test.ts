import fc from 'fast-check';
import { expect, it } from 'vitest';
import { jsonParts } from '../../src/base/jsonParts.ts';
import { PackedRows } from '../../src/base/packedRows.ts';

const value = fc.oneof(
  fc.double(),
  fc.string({ maxLength: 2 }),
  fc.constantFrom(null, true, -0, 0, undefined),
);
const row = fc.dictionary(fc.constantFrom('N', 'alpha', 'D', 'constructor', 'notes'), value, {
  noNullPrototype: true,
});
/** More than are packed together. */
const MORE = 3000;

const packed = <Row extends object>(rows: readonly Row[]): PackedRows<Row> => {
  const held = new PackedRows<Row>();
  for (const one of rows) held.push(one);
  return held;
};

it('gives the rows back as they were, with their keys in order, where each has others', () => {
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 5 }), (kinds) => {
      const rows = Array.from({ length: MORE }, (_, i) => kinds[i % kinds.length]!);
      const held = packed(rows);
      expect(held).toHaveLength(MORE);
      const walked = [...held];
      for (const [i, one] of walked.entries()) {
        if (i >= kinds.length && i < MORE - kinds.length) continue;
        expect(one).toStrictEqual(rows[i]);
        expect(Object.keys(one)).toEqual(Object.keys(rows[i]!));
      }
      expect(JSON.stringify(walked)).toBe(JSON.stringify(rows));
    }),
    { numRuns: 20 },
  );
});

it('tells numbers that differ in every row, with what is no finite number', () => {
  const rows = Array.from({ length: MORE }, (_, i) => ({
    layer: `t${i}`,
    lambda_max: [-0, Number.NaN, i / 3, Number.POSITIVE_INFINITY][i % 4]!,
    alpha: i % 3 === 0 ? null : i,
  }));
  const walked = [...packed(rows)];
  const isSame = (one: (typeof rows)[number], i: number): boolean =>
    Object.entries(rows[i]!).every(([key, value]) => Object.is(value, one[key as keyof typeof one]));
  expect(walked).toHaveLength(MORE);
  expect(walked.every(isSame)).toBe(true);
});

it('joins rows in order, packed or not', () => {
  const [a, b] = [
    packed([{ i: 1 }, { i: 2 }]),
    packed(Array.from({ length: MORE }, (_, i) => ({ i: i + 3 }))),
  ];
  a.append(b);
  a.push({ i: MORE + 3 });
  expect(Array.from(a, ({ i }) => i)).toEqual(Array.from({ length: MORE + 3 }, (_, i) => i + 1));
  expect(a).toHaveLength(MORE + 3);
});

it('is a list in JSON', () => {
  const rows = [{ N: 3, alpha: null }, { N: 4 }];
  expect([...jsonParts({ before: 1, layers: packed(rows), none: packed([]) })].join('')).toBe(
    `${JSON.stringify({ before: 1, layers: rows, none: [] }, null, 2)}\n`,
  );
});
