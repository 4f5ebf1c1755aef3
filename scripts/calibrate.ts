/**
 * Prints how the phase classifier labels matrices of known class, and how often a label of some confidence is right:
 * `npm run calibrate [-- --draws 60] [--seed 2] [--fit] [--verbose]`. Draws are per family for the smallest shape; larger ones get
 * fewer, as their cost demands (at least 1). Every matrix follows from the seed, its family, shape and index, so two runs print the
 * same. The limits were chosen on seed 0; docs/notebook/calibration.md keeps the tables of seed 2. With --fit prints the line of reliability.ts.
 */
import { parseArgs } from 'node:util';
import { type RandomStream, randomStream } from '../src/base/random/stream.ts';
import type { MatrixShape } from '../src/spectra/measures/spectrum.ts';
import { PHASES, type Phase } from '../src/spectra/phase.ts';
import { nearLimit, separationLimit } from '../src/spectra/phases/beliefs.ts';
import { classifyPhase } from '../src/spectra/phases/classifyPhase.ts';
import { THRESHOLDS } from '../src/spectra/phases/thresholds.ts';
import { borderFamilies } from '../src/spectra/synthetic/borderFamilies.ts';
import { MATRIX_FAMILIES } from '../src/spectra/synthetic/families.ts';
import { entriesOf, type FamilyDraw, familyDraw } from '../src/spectra/synthetic/familyDraw.ts';
import type { Shape } from '../src/spectra/synthetic/matrices.ts';
import { roundedMatrix } from '../src/spectra/synthetic/roundedMatrix.ts';
import { weightSpectra } from '../src/spectra/weightSpectra.ts';
import { availableLinearAlgebra } from '../src/train/engine/availableLinearAlgebra.ts';

const SHAPES = [
  { rows: 96, cols: 48, cost: 1 },
  { rows: 64, cols: 256, cost: 1 },
  { rows: 1568, cols: 128, cost: 2 },
  { rows: 384, cols: 192, cost: 1 },
  { rows: 512, cols: 512, cost: 4 },
  { rows: 4096, cols: 384, cost: 8 },
  { rows: 3072, cols: 768, cost: 10 },
  { rows: 2048, cols: 1024, cost: 10 },
  { rows: 2048, cols: 2048, cost: 20 },
  { rows: 4096, cols: 4096, cost: 20 },
];
const PRECISIONS = ['bfloat16', 'float16', 'float32'] as const;
const precisionOf = (index: number) => PRECISIONS[index % PRECISIONS.length]!;

const { values } = parseArgs({
  options: {
    draws: { type: 'string', default: '60' },
    seed: { type: 'string', default: '2' },
    families: { type: 'string' },
    most: { type: 'string', default: '4096' },
    fit: { type: 'boolean' },
    verbose: { type: 'boolean' },
  },
});
const draws = Number(values.draws);
const seed = Number(values.seed);
if (!Number.isInteger(draws) || draws < 1) {
  throw new RangeError(`--draws must be a positive integer, got ${values.draws}`);
}
const wanted = (name: string): boolean => values.families?.split(';').includes(name) ?? true;

interface Draw {
  right: Phase;
  label: Phase | null;
  /** The label where the sizes of the entries are known as well. */
  withWeights: Phase | null;
  belief: number;
  confidence: number;
  ambiguous: boolean;
}

const algebra = availableLinearAlgebra();
const all: Draw[] = [];
/** Those of the families that claim a label. */
const claimed: Draw[] = [];
/** Those of the families that lie across a border. */
const atBorders: Draw[] = [];
const rows: string[][] = [];

for (const family of MATRIX_FAMILIES.filter(({ name }) => wanted(name))) {
  report(
    family.name,
    family.target,
    drawsOf(
      family.name,
      family.minCols,
      (stream, shape, index) => {
        return { ...familyDraw(family, stream, shape, precisionOf(index), algebra), right: family.phase };
      },
      family.drawSpectrum === undefined ? 1 : 10,
    ),
  );
}
const borders = borderFamilies({
  separation: (shape) => separationLimit(shapeOf(shape)).at,
  nearSpikes: (shape) => nearLimit(shapeOf(shape)),
  heavyTail: THRESHOLDS.heavyTail.at,
});
for (const family of borders.filter(({ name }) => wanted(name))) {
  const drawn = drawsOf(family.name, 192, (stream, shape, index) => {
    const { W, phase } = family.draw(stream, shape);
    return { ...stored(W, shape, index), witnesses: {}, right: phase };
  });
  for (const draw of drawn) atBorders.push(draw);
  report(family.name, false, drawn);
}
console.log(
  table(['family', 'draws', ...PHASES, 'right', 'with weights', 'ambiguous', 'surest wrong'], rows),
);
console.log('\nAcross the borders:\n');
console.log(reliabilityTable(atBorders));
console.log('\nFamilies that claim a label:\n');
console.log(reliabilityTable(claimed));
console.log('\nAll families:\n');
console.log(reliabilityTable(all));
if (values.fit) console.log(JSON.stringify(risingLine(atBorders)));

function shapeOf({ rows, cols }: Shape): MatrixShape {
  return { N: Math.max(rows, cols), M: Math.min(rows, cols), replicas: 1 };
}

function drawsOf(
  name: string,
  minCols: number,
  draw: (stream: RandomStream, shape: Shape, index: number) => FamilyDraw & { right: Phase },
  times = 1,
): Draw[] {
  const drawn: Draw[] = [];
  for (const { rows, cols, cost } of SHAPES) {
    const M = Math.min(rows, cols);
    if (M < minCols || M > Number(values.most)) continue;
    const count = Math.max(1, Math.round((times * draws) / cost));
    for (let index = 0; index < count; index++) {
      const stream = randomStream(seed, `calibrate/${name}/${rows}x${cols}/${index}`);
      const { spectrum, witnesses, entries, right } = draw(stream, { rows, cols }, index);
      const result = classifyPhase(spectrum, witnesses);
      const withWeights = classifyPhase(spectrum, { ...witnesses, entries }).phase;
      if (result.phase === null) {
        drawn.push({ right, label: null, withWeights, belief: 0, confidence: 0, ambiguous: true });
        continue;
      }
      const { phase: label, confidence, ambiguous, beliefs } = result;
      drawn.push({ right, label, withWeights, belief: beliefs[label], confidence, ambiguous });
      if (values.verbose && label !== right) {
        console.error(
          `${name} ${rows}x${cols} #${index}: ${label} ${confidence.toFixed(2)} (belief ${beliefs[label].toFixed(2)}); ${result.evidence}`,
        );
      }
    }
  }
  return drawn;
}

/** W as stored, in one of the formats by turns: its spectrum, and what its entries say. */
function stored(W: Float64Array, shape: Shape, index: number): Pick<FamilyDraw, 'spectrum' | 'entries'> {
  const precision = precisionOf(index);
  const weights = { ...shape, matrices: [roundedMatrix(W, precision)], precision };
  const spectrum = weightSpectra([weights], algebra)[0]!;
  return { spectrum, entries: entriesOf(weights, true, algebra) };
}

function report(name: string, target: boolean, drawn: Draw[]): void {
  for (const draw of drawn) {
    all.push(draw);
    if (target) claimed.push(draw);
  }
  const share = (some: Draw[]): string => `${((100 * some.length) / drawn.length).toFixed(1)} %`;
  const right = drawn.filter((draw) => draw.label === draw.right);
  const wrong = drawn.filter((draw) => draw.label !== draw.right);
  const surest = wrong.reduce((most, { confidence }) => Math.max(most, confidence), 0);
  rows.push([
    name,
    String(drawn.length),
    ...PHASES.map((phase) => String(drawn.filter(({ label }) => label === phase).length || '.')),
    target ? share(right) : `(${share(right)})`,
    share(drawn.filter(({ withWeights, right }) => withWeights === right)),
    share(drawn.filter(({ ambiguous }) => ambiguous)),
    wrong.length === 0 ? '' : surest.toFixed(2),
  ]);
  console.error(rows.at(-1)!.join(' | '));
}

function reliabilityTable(drawn: Draw[]): string {
  const bins = [0, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9, 0.95, 0.98, 1.0000001];
  const body = bins.slice(1).flatMap((high, i) => {
    const inside = drawn.filter(({ confidence }) => confidence >= bins[i]! && confidence < high);
    if (inside.length === 0) return [];
    const mean = inside.reduce((total, { confidence }) => total + confidence, 0) / inside.length;
    const right = inside.filter(({ label, right }) => label === right).length;
    return [
      [
        `${bins[i]} to ${Math.min(1, high)}`,
        String(inside.length),
        mean.toFixed(3),
        (right / inside.length).toFixed(3),
      ],
    ];
  });
  return table(['phase_confidence', 'labels', 'mean', 'right'], body);
}

/** Returns the share that is right as a rising function of the belief: pooled neighbours until it rises (isotonic regression), at a few beliefs. */
function risingLine(drawn: Draw[]): number[][] {
  const sorted = drawn.filter(({ label }) => label !== null).sort((a, b) => a.belief - b.belief);
  const size = 60;
  const blocks: { belief: number; right: number; count: number }[] = [];
  for (let at = 0; at < sorted.length; at += size) {
    const part = sorted.slice(at, at + size);
    const mean = (of: (draw: Draw) => number) =>
      part.reduce((total, draw) => total + of(draw), 0) / part.length;
    blocks.push({
      belief: mean(({ belief }) => belief),
      right: mean(({ label, right }) => Number(label === right)),
      count: part.length,
    });
    while (blocks.length > 1 && blocks.at(-2)!.right >= blocks.at(-1)!.right) {
      const [b, a] = [blocks.pop()!, blocks.pop()!];
      const count = a.count + b.count;
      const join = (key: 'belief' | 'right') => (a[key] * a.count + b[key] * b.count) / count;
      blocks.push({ belief: join('belief'), right: join('right'), count });
    }
  }
  return blocks.map(({ belief, right }) => [Number(belief.toFixed(3)), Number(right.toFixed(3))]);
}

function table(header: string[], body: string[][]): string {
  const line = (fields: string[]): string => `| ${fields.join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...body.map(line)].join('\n');
}
