/**
 * Prints how the phase classifier labels matrices of known class: `npm run calibrate [-- --draws 100]`.
 * Draws are per family for the smallest shape; larger ones get fewer, as their cost demands (at least 1). Gaussian noise gets 1000
 * (200 of the two largest shapes). Every matrix follows from the seed 0, its family, shape and index, so two runs print the same. docs/phases.md
 * keeps the table.
 */
import { parseArgs } from 'node:util';
import { randomStream } from '../src/base/random/stream.ts';
import { spectrumOf } from '../src/spectra/measures/spectrum.ts';
import { PHASES } from '../src/spectra/phase.ts';
import { classifyPhase } from '../src/spectra/phases/classifyPhase.ts';
import { MATRIX_FAMILIES } from '../src/spectra/synthetic/families.ts';
import { availableLinearAlgebra } from '../src/train/engine/availableLinearAlgebra.ts';

const SHAPES = [
  { rows: 384, cols: 192, cost: 1 },
  { rows: 512, cols: 512, cost: 2 },
  { rows: 4096, cols: 384, cost: 5 },
  { rows: 2450, cols: 500, cost: 5 },
  { rows: 2048, cols: 1024, cost: 20 },
  { rows: 4096, cols: 2048, cost: 50 },
];

const { values } = parseArgs({
  options: {
    draws: { type: 'string', default: '100' },
    shapes: { type: 'string' },
    verbose: { type: 'boolean' },
  },
});
const draws = Number(values.draws);
if (!Number.isInteger(draws) || draws < 1) {
  throw new RangeError(`--draws must be a positive integer, got ${values.draws}`);
}
const shapes = SHAPES.filter(
  ({ rows, cols }) => values.shapes?.split(',').includes(`${rows}x${cols}`) ?? true,
);

const algebra = availableLinearAlgebra();
const rows: string[][] = [];
for (const family of MATRIX_FAMILIES) {
  const totals = new Map<string, number>();
  let drawn = 0;
  for (const shape of shapes) {
    const name = `${shape.rows}x${shape.cols}`;
    const counts = new Map<string, number>();
    const count =
      family.drawSpectrum === undefined
        ? Math.max(1, Math.round(draws / shape.cost))
        : shape.cost < 20
          ? 1000
          : 200;
    for (let index = 0; index < count; index++) {
      const stream = randomStream(0, `calibrate/${family.name}/${name}/${index}`);
      const evals =
        family.drawSpectrum?.(stream, shape) ??
        algebra.eigenvalues(family.draw(stream, shape), shape.rows, shape.cols);
      const result = classifyPhase(spectrumOf(evals, { N: shape.rows, M: shape.cols }));
      const label = result.phase ?? 'none';
      if (values.verbose && label !== family.phase && result.phase !== null) {
        console.error(
          `${family.name} ${name} #${index}: ${label} ${result.confidence.toFixed(2)}; ${result.evidence}`,
        );
      }
      counts.set(label, (counts.get(label) ?? 0) + 1);
      totals.set(label, (totals.get(label) ?? 0) + 1);
    }
    drawn += count;
    rows.push([family.name, name, ...cells(counts, count, family.phase)]);
    console.error(rows.at(-1)!.join(' | '));
  }
  rows.push([`**${family.name}**`, 'all', ...cells(totals, drawn, family.phase)]);
}
console.log(table(['family', 'shape', 'draws', ...PHASES, 'right'], rows));

function cells(counts: Map<string, number>, drawn: number, right: string): string[] {
  return [
    String(drawn),
    ...PHASES.map((phase) => String(counts.get(phase) ?? '.')),
    `${((100 * (counts.get(right) ?? 0)) / drawn).toFixed(1)} %`,
  ];
}

function table(header: string[], body: string[][]): string {
  const line = (fields: string[]): string => `| ${fields.join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...body.map(line)].join('\n');
}
