import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonEntries } from '../../src/base/jsonEntries.ts';

const entries = (text: string, depth = 8) => [...jsonEntries(Buffer.from(text), depth)];

describe('the entries of a JSON object', () => {
  it('are those that JSON.parse finds', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 })),
        fc.boolean(),
        (object, spaced) => {
          const text = JSON.stringify(object, null, spaced ? 2 : 0);
          expect(Object.fromEntries(entries(text))).toEqual(JSON.parse(text));
        },
      ),
    );
  });

  it('come in the order of the text, whatever they are called', () => {
    const text = '{"b":1, "2":{"x":[1,"}"]}, "1":null, "__proto__":{"a":"\\"]"}, "b":2}';
    expect(entries(text)).toEqual([
      ['b', 1],
      ['2', { x: [1, '}'] }],
      ['1', null],
      ['__proto__', { a: '"]' }],
      ['b', 2],
    ]);
    expect(entries(' { } ')).toEqual([]);
  });

  it.each([
    '',
    '[]',
    '1',
    '{',
    '{"a"}',
    '{"a":}',
    '{"a":1,}',
    '{,}',
    '{"a":1}}',
    '{"a":1} x',
    '{a:1}',
    '{"a":[}}',
    '{"a":]',
    '{"a":1 2}',
    '{"a',
    '{"a":"b}',
    '{"a":tru}',
  ])('are none of %s', (text) => {
    expect(() => entries(text)).toThrow(SyntaxError);
  });

  it('agree with JSON.parse on what is JSON at all', () => {
    const pieces = ['{', '}', '[', ']', ':', ',', '"a"', '"\\"', '1', '-', 'null', ' ', '"b"', '1e5'];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 12 }), (parts) => {
        const text = `{${parts.join('')}}`;
        const parsed = attempt(() => JSON.parse(text));
        const found = attempt(() => Object.fromEntries(entries(text)));
        expect(found).toEqual(parsed);
      }),
      { numRuns: 2000 },
    );
  });

  it('are refused where they lie too deep, before they are made', () => {
    expect(entries('{"a":[[1]]}', 2)).toEqual([['a', [[1]]]]);
    expect(() => entries('{"a":[[[1]]]}', 2)).toThrow('more than 2 levels');
    expect(() => entries(`{"a":${'['.repeat(5_000_000)}`, 64)).toThrow('more than 64 levels');
  });

  it('must be UTF-8', () => {
    expect(() => [...jsonEntries(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 8)]).toThrow(
      'UTF-8',
    );
  });
});

function attempt(parse: () => unknown): unknown {
  try {
    return parse();
  } catch {
    return 'no JSON';
  }
}
