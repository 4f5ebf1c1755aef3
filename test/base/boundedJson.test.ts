import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseBoundedJson } from '../../src/base/boundedJson.ts';

const parse = (text: string, depth = 64) => parseBoundedJson(Buffer.from(text), depth);

it('reads what JSON.parse reads', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
      const text = JSON.stringify(value, null, 1);
      expect(parse(text)).toEqual(JSON.parse(text));
    }),
  );
  expect(parse('["\\\\", "[{\\"[["]', 1)).toEqual(['\\', '[{"[[']);
});

it('refuses what is nested more deeply, five million levels too', () => {
  expect(parse('[{"a":[1]}]', 3)).toEqual([{ a: [1] }]);
  expect(() => parse('[{"a":[1]}]', 2)).toThrow('more than 2 levels of lists and objects at offset 6');
  expect(() => parse('['.repeat(5_000_000) + ']'.repeat(5_000_000))).toThrow(SyntaxError);
  expect(() => parse(']]]]{')).toThrow(SyntaxError);
});
