import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { byteSize, count, duration, fixed, significant } from '../../src/view/terminal/numberText.ts';
import { createProgressLine } from '../../src/view/terminal/progressLine.ts';
import { type Column, formatTable } from '../../src/view/terminal/table.ts';

describe('a table', () => {
  type Row = { name: string; value: number };
  const columns: Column<Row>[] = [
    { title: 'name', text: ({ name }) => name },
    { title: 'value', text: ({ value }) => String(value), align: 'right' },
    { title: 'squared', text: ({ value }) => String(value ** 2), align: 'right', dispensable: 1 },
    { title: 'cubed', text: ({ value }) => String(value ** 3), align: 'right', dispensable: 2 },
  ];
  const rows = [
    { name: 'one', value: 1 },
    { name: 'twelve', value: 12 },
  ];

  it('has its columns side by side', () => {
    expect(formatTable(columns, rows)).toBe(
      [
        'name    value  squared  cubed',
        'one         1        1      1',
        'twelve     12      144   1728',
      ].join('\n'),
    );
  });

  it('leaves dispensable columns out where it is narrow, and names them', () => {
    expect(formatTable(columns, rows, 24)).toBe(
      [
        'name    value  squared',
        'one         1        1',
        'twelve     12      144',
        '(too narrow for cubed;',
        '--json has all)',
      ].join('\n'),
    );
  });

  it('never is wider than told', () => {
    const row = fc.record({ name: fc.string({ maxLength: 30 }), value: fc.integer() });
    fc.assert(
      fc.property(fc.array(row), fc.integer({ min: 1, max: 80 }), (some, width) => {
        const longest = Math.max(
          ...formatTable(columns, some, width)
            .split('\n')
            .map((line) => line.length),
        );
        expect(longest).toBeLessThanOrEqual(width);
      }),
    );
  });
});

describe('numbers', () => {
  it.each([
    [0, '0 s'],
    [59.4, '59 s'],
    [59.6, '1 min 00 s'],
    [200, '3 min 20 s'],
    [3599.7, '1 h 00 min'],
    [7500, '2 h 05 min'],
    [172_799, '2 d 0 h'],
    [273_600, '3 d 4 h'],
    [null, 'unknown'],
  ])('%s seconds are %s', (seconds, text) => {
    expect(duration(seconds)).toBe(text);
  });

  it.each([
    [812, '812 B'],
    [999_400, '999 kB'],
    [999_600, '1.0 MB'],
    [4_230_000, '4.2 MB'],
    [75_240_000_000, '75.2 GB'],
  ])('%s bytes are %s', (bytes, text) => {
    expect(byteSize(bytes)).toBe(text);
  });

  it('are short, and absent where there are none', () => {
    expect([count(50622000), count(999), significant(22.4149), significant(0), fixed(0.98765, 2)]).toEqual([
      '50 622 000',
      '999',
      '22.41',
      '0',
      '0.99',
    ]);
    expect([significant(null), fixed(null, 2)]).toEqual(['-', '-']);
  });
});

describe('the progress line', () => {
  const record = (isTTY: boolean, columns = 20) => {
    const written: string[] = [];
    let time = 0;
    const line = createProgressLine(
      { isTTY, columns, write: (text: string) => written.push(text) },
      { now: () => time },
    );
    return { written, line, at: (ms: number) => (time = ms) };
  };

  it('is rewritten in place on a terminal, at most ten times a second, and fits', () => {
    const { written, line, at } = record(true);
    line.update('epoch 1');
    at(50);
    line.update('epoch 2');
    at(150);
    line.update('a line that is longer than the terminal');
    line.clear();
    expect(written).toEqual(['\r\u001b[2Kepoch 1', '\r\u001b[2Ka line that is lon…', '\r\u001b[2K']);
  });

  it('lets lines that stay pass above it', () => {
    const { written, line } = record(true);
    line.update('epoch 1');
    line.log('done');
    expect(written.join('')).toBe('\r\u001b[2Kepoch 1\r\u001b[2Kdone\nepoch 1');
  });

  it('rewrites a block of lines where there is one, told how large the terminal is', () => {
    const { written, line, at } = record(true);
    const sizes: number[][] = [];
    const block = (width: number, height: number) => {
      sizes.push([width, height]);
      return ['run', 'a 1/4'];
    };
    line.update('not shown', block);
    at(200);
    line.update('not shown', block);
    line.clear();
    const erase = '\r\u001b[2K\u001b[1A\u001b[2K';
    expect(written).toEqual(['\r\u001b[2Krun\na 1/4', `${erase}run\na 1/4`, erase]);
    expect(sizes[0]).toEqual([19, 24]);
  });

  it('does not ask for what it will not show', () => {
    const { line } = record(true);
    line.update('first');
    line.update(() => {
      throw new Error('asked');
    });
  });

  it('is plain lines now and then where there is no terminal', () => {
    const { written, line, at } = record(false);
    for (let second = 0; second <= 31; second++) {
      at(second * 1000);
      line.update(`second ${second}`);
    }
    line.log('done');
    line.clear();
    expect(written).toEqual(['second 0\n', 'second 15\n', 'second 30\n', 'done\n']);
  });

  it('is silent when told to be', () => {
    const written: string[] = [];
    const line = createProgressLine({ write: (text) => written.push(text) }, { quiet: true });
    line.update('a');
    line.log('b');
    line.clear();
    expect(written).toEqual([]);
  });
});
