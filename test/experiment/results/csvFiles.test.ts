import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  csvText,
  readMetricsCsv,
  readSpectraCsv,
  writeMetricsCsv,
  writeSpectraCsv,
} from '../../../src/experiment/results/csvFiles.ts';
import { NO_CIRCUMSTANCES, NOT_EVALUATED } from '../../../src/experiment/results/metricsRow.ts';
import { SPECTRUM_COLUMNS } from '../../../src/spectra/columns.ts';
import type { SpectrumRow } from '../../../src/spectra/spectrumRow.ts';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'csv-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

const emptyRow = Object.fromEntries(SPECTRUM_COLUMNS.map(([column]) => [column, null]));
const row = (values: Partial<SpectrumRow>): SpectrumRow =>
  ({ ...emptyRow, layer: 'fc1', N: 4, M: 2, lambda_max: 1, ...values }) as SpectrumRow;

describe('spectra.csv', () => {
  it('reads back what was written: any double, any text, null', () => {
    const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
    const text = fc.string({ minLength: 1 });
    const rows = fc.array(
      fc
        .record({
          run: fc.option(text),
          epoch: fc.option(fc.nat()),
          lambda_max: finite,
          alpha: fc.option(finite),
          phase_ambiguous: fc.option(fc.boolean()),
          phase_evidence: fc.option(text),
          notes: fc.option(text),
          rand_alpha: fc.option(finite),
        })
        .map(row),
      { minLength: 1, maxLength: 5 },
    );
    const path = join(dir, 'spectra.csv');
    fc.assert(
      fc.property(rows, (written) => {
        writeSpectraCsv(path, written);
        expect(readSpectraCsv(path)).toEqual(written);
      }),
      { numRuns: 60 },
    );
  });

  it('keeps a run named like a number text', () => {
    const path = join(dir, 'named.csv');
    writeSpectraCsv(path, [row({ run: '16', notes: 'true' })]);
    expect(readSpectraCsv(path)[0]).toMatchObject({ run: '16', notes: 'true' });
  });

  it('gives a spreadsheet no formula to run, and numbers as numbers', () => {
    const evil = fc
      .tuple(fc.constantFrom('', "'", "''"), fc.constantFrom('=', '+', '-', '@', '\t', '\r', ''), fc.string())
      .map((parts) => parts.join(''))
      .filter((text) => text !== '');
    const path = join(dir, 'evil.csv');
    fc.assert(
      fc.property(evil, evil, (layer, notes) => {
        const written = [row({ layer, notes, alpha: -1.5, lambda_max: -0 }), row({ layer: notes })];
        writeSpectraCsv(path, written);
        const [header, cells] = parse(readFileSync(path)) as [string[], string[]];
        for (const column of ['layer', 'notes']) {
          expect(cells[header.indexOf(column)]).not.toMatch(/^[=+\-@\t\r]/);
        }
        expect([cells[header.indexOf('alpha')], cells[header.indexOf('lambda_max')]]).toEqual(['-1.5', '-0']);
        expect(readSpectraCsv(path)).toEqual(written);
      }),
      { numRuns: 200 },
    );
    expect(csvText([{ layer: "=cmd|' /C calc'!A0" }], ['layer'])).toBe("layer\n'=cmd|' /C calc'!A0\n");
  });

  it('refuses numbers that are not finite', () => {
    expect(() => csvText([{ alpha: Number.NaN }], ['alpha'])).toThrow(
      'alpha must be finite or null, got NaN',
    );
  });

  it('names file and line of an unknown phase, a missing column and a missing number', () => {
    const path = join(dir, 'wrong.csv');
    writeSpectraCsv(path, [row({}), row({ phase: 'melted' as never })]);
    expect(() => readSpectraCsv(path)).toThrow(`${path}:3: unknown phase: melted (known: random-like,`);
    writeFileSync(path, 'run,epoch,layer,N,M\n');
    expect(() => readSpectraCsv(path)).toThrow(`${path}:1: columns must include lambda_max`);
    writeFileSync(path, 'run,epoch,layer,N,M,lambda_max\na,1,fc1,4,2,\n');
    expect(() => readSpectraCsv(path)).toThrow(`${path}:2: lambda_max must be a number, got ''`);
  });

  it('refuses what is no CSV', () => {
    const path = join(dir, 'torn.csv');
    writeSpectraCsv(path, [row({ notes: 'a "quoted" text' })]);
    writeFileSync(path, readFileSync(path, 'utf8').slice(0, -5));
    expect(() => readSpectraCsv(path)).toThrow(`${path} must be a CSV file`);
  });
});

describe('metrics.csv', () => {
  it('reads back what was written', () => {
    const rows = [
      {
        epoch: 0,
        learning_rate: null,
        train_loss: null,
        train_accuracy: null,
        test_loss: 2.3125,
        test_accuracy: 0.1,
        images_per_second: null,
        train_time_s: null,
        ...NO_CIRCUMSTANCES,
        ...NOT_EVALUATED,
      },
    ];
    const path = join(dir, 'metrics.csv');
    writeMetricsCsv(path, rows);
    expect(readMetricsCsv(path)).toEqual(rows);
  });

  it('of earlier versions, without circumstances, are read', () => {
    const path = join(dir, 'earlier.csv');
    const header =
      'epoch,learning_rate,train_loss,train_accuracy,test_loss,test_accuracy,images_per_second,train_time_s';
    writeFileSync(path, `${header}\n1,0.1,1,0.5,1,0.5,900,10\n`);
    expect(readMetricsCsv(path)).toMatchObject([{ images_per_second: 900, ...NO_CIRCUMSTANCES }]);
    writeFileSync(path, `${header.replace(',images_per_second', '')}\n1,0.1,1,0.5,1,0.5,10\n`);
    expect(() => readMetricsCsv(path)).toThrow(`${path}:1: columns must include images_per_second`);
  });

  it('names file, line and column of what is no number', () => {
    const path = join(dir, 'bad.csv');
    const header =
      'epoch,learning_rate,train_loss,train_accuracy,test_loss,test_accuracy,images_per_second,train_time_s';
    writeFileSync(path, `${header}\n0,,,,1,high,,\n`);
    expect(() => readMetricsCsv(path)).toThrow(`${path}:2: test_accuracy must be a number, got 'high'`);
  });
});
