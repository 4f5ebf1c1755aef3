import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { metricsMarkdown } from '../../scripts/metricsReference.ts';
import { analyzeLayer } from '../../src/analyze/analyzeLayer.ts';
import { randomStream } from '../../src/base/random/stream.ts';
import { analysisSchema } from '../../src/experiment/config/schema.ts';
import { writeSpectraCsv } from '../../src/experiment/results/csvFiles.ts';
import { COLUMN_OF, isNumeric, OPTION_COLUMNS, SPECTRUM_COLUMNS } from '../../src/spectra/columns.ts';
import { typescriptLinearAlgebra } from '../../src/spectra/linalg/typescriptLinearAlgebra.ts';
import { spikedMatrix } from '../../src/spectra/synthetic/matrices.ts';

const weights = {
  layer: 'fc1',
  rows: 40,
  cols: 20,
  matrices: [spikedMatrix(randomStream(0, 'test/columns'), { rows: 40, cols: 20 }, [3])],
  precision: 'float32',
  where: 'test',
} as const;
const rowWith = (analysis: object) =>
  analyzeLayer(weights, analysisSchema.parse(analysis), typescriptLinearAlgebra).row;
const OPTIONS = {
  tails: true,
  fixFingers: 'clip_xmax',
  bootstrap: 5,
  randomize: 2,
  vectors: true,
  farms: { aspect: 1, columns: 10 },
} satisfies Record<Exclude<keyof typeof OPTION_COLUMNS, 'entries' | 'truncated' | 'range'>, unknown>;

it('docs/reference/metrics.md is what the table of columns gives (npm run reference)', () => {
  expect(readFileSync(new URL('../../docs/reference/metrics.md', import.meta.url), 'utf8')).toBe(
    metricsMarkdown(),
  );
});

it('a row has the columns of the table, no other, and those of an option only with it', () => {
  const fixed = [...SPECTRUM_COLUMNS, ...OPTION_COLUMNS.entries].map(([name]) => name);
  expect(Object.keys(rowWith({})).sort()).toEqual([...fixed].sort());
  for (const [option, value] of Object.entries(OPTIONS)) {
    const columns = OPTION_COLUMNS[option as keyof typeof OPTIONS].map(([name]) => name);
    expect(Object.keys(rowWith({ [option]: value })).sort()).toEqual([...fixed, ...columns].sort());
  }
});

it('holds what the table says it holds', () => {
  for (const [name, value] of Object.entries(rowWith(OPTIONS))) {
    const column = COLUMN_OF.get(name)!;
    if (value === null) expect(column[1], name).toContain('| null');
    else if (isNumeric(column)) expect(value, name).toBeTypeOf('number');
    else expect(value, name).toBeTypeOf(column[1].startsWith('flag') ? 'boolean' : 'string');
    if (value !== null && column[1].startsWith('integer')) expect(value, name).toSatisfy(Number.isInteger);
  }
});

it('is written in the order of the table', () => {
  const row = rowWith(OPTIONS);
  const backwards = Object.fromEntries(Object.entries(row).reverse()) as typeof row;
  const path = join(mkdtempSync(join(tmpdir(), 'phasewatch-columns-')), 'spectra.csv');
  writeSpectraCsv(path, [{ ...backwards, of_another_version: 1 }]);
  const [header] = readFileSync(path, 'utf8').split('\n');
  rmSync(dirname(path), { recursive: true });
  const others: string[] = [...OPTION_COLUMNS.truncated, ...OPTION_COLUMNS.range].map(([name]) => name);
  const columns = [...COLUMN_OF.keys()].filter((name) => !others.includes(name));
  expect(header).toBe([...columns, 'of_another_version'].join());
});
