import { Resvg } from '@resvg/resvg-js';
import { expect, it } from 'vitest';
import { escapeMarkup } from '../../src/base/escapeMarkup.ts';

it.each(['\u001b[31mred\u0007', '\u0000', '\ud800 alone', '\uffff', '<b> & "c"', 'line\nline\ttab', 'λ 😀'])(
  'makes %j text that a reader of XML takes',
  (text) => {
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><title>${escapeMarkup(text)}</title></svg>`;
    expect(() => new Resvg(svg)).not.toThrow();
  },
);

it('leaves what XML can hold as it is', () => {
  expect(escapeMarkup('fc1/λ 😀\n<')).toBe('fc1/λ 😀\n&#60;');
});
