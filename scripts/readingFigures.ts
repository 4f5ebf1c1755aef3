/**
 * Draws the pictures of README and docs/guide/reading.md: `npx tsx scripts/readingFigures.ts [FOLDER]` (docs/images when left out). With a folder it
 * also writes every spectrum on its own, its row, and its matrix as .npy for scripts/readingWeightWatcher.py.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { analyzeLayer, describeLayer } from '../src/analyze/analyzeLayer.ts';
import { writeFileAtomic } from '../src/base/files/atomicWrite.ts';
import { randomStream } from '../src/base/random/stream.ts';
import { analysisSchema } from '../src/experiment/config/schema.ts';
import type { Phase } from '../src/spectra/phase.ts';
import { MATRIX_FAMILIES } from '../src/spectra/synthetic/families.ts';
import type { Shape } from '../src/spectra/synthetic/matrices.ts';
import { roundedMatrix } from '../src/spectra/synthetic/roundedMatrix.ts';
import { weightSpectra } from '../src/spectra/weightSpectra.ts';
import { availableLinearAlgebra } from '../src/train/engine/availableLinearAlgebra.ts';
import { embedFont } from '../src/view/figureFont.ts';
import { esdFigure, esdGridFigure } from '../src/view/figures/esdFigures.ts';
import { writeFigures } from '../src/view/writeFigures.ts';
import { phasesPicture } from './phasesPicture.ts';

interface Example {
  family: string;
  shape: Shape;
  /** Of the six that stand in the pictures. */
  phase?: Phase;
  precision?: 'float32' | 'bfloat16';
}

const EXAMPLES: readonly Example[] = [
  { family: 'gaussian', shape: { rows: 1000, cols: 500 }, phase: 'random-like' },
  { family: 'near-critical', shape: { rows: 1000, cols: 500 }, phase: 'bleeding-out' },
  { family: 'spiked', shape: { rows: 1000, cols: 500 }, phase: 'bulk+spikes' },
  { family: 'decaying bulk', shape: { rows: 1000, cols: 500 }, phase: 'bulk-decay' },
  { family: 'power-law correlations', shape: { rows: 1000, cols: 500 }, phase: 'heavy-tailed' },
  { family: 'low rank with noise', shape: { rows: 1000, cols: 500 }, phase: 'rank-collapse' },
  { family: 'class directions', shape: { rows: 256, cols: 64 } },
  { family: 'strong signal', shape: { rows: 2048, cols: 1024 } },
  { family: 'shrunken bulk, scale known', shape: { rows: 1000, cols: 500 } },
  { family: 'Pareto, Lomax', shape: { rows: 1000, cols: 500 } },
  { family: 'the same, copies at hand', shape: { rows: 1000, cols: 500 } },
  { family: 'low rank', shape: { rows: 500, cols: 500 }, precision: 'bfloat16' },
];

const [folder] = process.argv.slice(2);
const algebra = availableLinearAlgebra();
const drawn = EXAMPLES.map((example) => ({ example, ...draw(example) }));
const ofPhases = drawn.flatMap(({ example: { phase }, spectrum }) =>
  phase === undefined ? [] : [{ phase, label: phase, spectrum }],
);
const images = folder ?? 'docs/images';
const log = esdGridFigure('phases-log', 'The same on logarithmic axes', ofPhases, 'log');
for (const [name, svg] of [
  ['phases', phasesPicture(ofPhases)],
  ['phases-log', log.svg],
] as const) {
  writeFileAtomic(join(images, `${name}.svg`), await embedFont(svg));
}
if (folder !== undefined) {
  mkdirSync(folder, { recursive: true });
  await writeFigures(
    folder,
    drawn.map(({ spectrum }) => esdFigure(spectrum)),
  );
  writeFileSync(
    join(folder, 'rows.json'),
    JSON.stringify(
      drawn.map(({ spectrum }) => spectrum.row),
      null,
      1,
    ),
  );
  for (const { W, example, spectrum } of drawn)
    writeFileSync(
      join(folder, `${spectrum.row.layer.replaceAll(/[ ,+]+/g, '-')}.npy`),
      npy(W, example.shape),
    );
}

function draw({ family: name, shape, precision = 'float32' }: Example) {
  const family = MATRIX_FAMILIES.find((one) => one.name === name)!;
  const stream = randomStream(3, `reading/${name}`);
  const W = roundedMatrix(family.draw(stream, shape), precision);
  const weights = { layer: name, ...shape, matrices: [W], precision, where: name } as const;
  const analysis = analysisSchema.parse({ randomize: family.permuted === true ? 3 : 0 });
  const initialSigma = family.initialSigma?.(stream) ?? null;
  const { row, eigenvalues } =
    initialSigma === null
      ? analyzeLayer(weights, analysis, algebra)
      : describeLayer(weights, weightSpectra([weights], algebra)[0]!, analysis, algebra, initialSigma);
  return { W, spectrum: { row, evals: eigenvalues } };
}

/** A matrix as a NumPy file of float64. */
function npy(W: Float64Array, { rows, cols }: Shape): Uint8Array {
  const text = `{'descr': '<f8', 'fortran_order': False, 'shape': (${rows}, ${cols}), }`;
  const header = `${text.padEnd(117)}\n`;
  return Buffer.concat([
    Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, header.length, 0]),
    Buffer.from(header),
    Buffer.from(W.buffer),
  ]);
}
