import type { Argv, CommandModule } from 'yargs';
import { resultsLayout } from '../experiment/results/layout.ts';
import { type Results, readResults } from '../experiment/results/readResults.ts';
import { availableLinearAlgebra } from '../train/engine/availableLinearAlgebra.ts';
import { eigenvectorFigures } from '../view/eigenvectorFigures.ts';
import type { Figure } from '../view/figures/figure.ts';
import { resultsFigures } from '../view/figures/resultsFigures.ts';
import { learnedFigures } from '../view/learnedFigures.ts';
import { permutedFigures } from '../view/permutedFigures.ts';
import { writeFigures } from '../view/writeFigures.ts';
import { createOutput, type OutputFlags } from './output.ts';

const EXIT_DAMAGED = 1;

interface FiguresArgs extends OutputFlags {
  dir: string;
  eigenvectors: boolean;
  learned: boolean;
  permuted: boolean;
}

/** `figures DIR`: the figures of a results folder, SVG and PNG, each with the CSV of what it shows. */
export const figuresCommand: CommandModule<object, FiguresArgs> = {
  builder: (parser) =>
    parser
      .positional('dir', { type: 'string', demandOption: true, describe: 'results folder' })
      .option('eigenvectors', {
        type: 'boolean',
        default: false,
        describe: 'localization of eigenvectors too, from the last snapshots: seconds a layer',
      })
      .option('learned', {
        type: 'boolean',
        default: false,
        describe: 'what was learned too, from all snapshots: a second or so a layer and epoch',
      })
      .option('permuted', {
        type: 'boolean',
        default: false,
        describe: 'spectra of the last snapshots with their entries permuted too: a second or so a layer',
      })
      .example('$0 figures results/quick', 'writes results/quick/figures/')
      .example(
        '$0 figures results/quick --learned',
        'spectra of W_t - W_0 and of W_t - W_(t-1) besides',
      ) as Argv<FiguresArgs>,
  handler: async (args) => {
    const output = createOutput(args);
    const layout = resultsLayout(args.dir);
    const damage: string[] = [];
    const results = readResults(args.dir, (_, error) => damage.push(error.message));
    const { figures, pngMissing } = await writeFigures(layout.figures, drawAll(results, args));
    if (pngMissing !== null) output.note(`note: no PNG files: ${pngMissing}`);
    for (const line of damage) output.note(`damaged: ${line}`);
    if (damage.length > 0) process.exitCode = EXIT_DAMAGED;
    output.document({ figures, png: pngMissing === null, damage });
    output.print(`${figures.length} figures in ${layout.figures}`);
  },
};

function* drawAll(results: Results, { eigenvectors, learned, permuted }: FiguresArgs): Generator<Figure> {
  yield* resultsFigures(results);
  if (eigenvectors) yield* eigenvectorFigures(results, availableLinearAlgebra());
  if (learned) yield* learnedFigures(results, availableLinearAlgebra());
  if (permuted) yield* permutedFigures(results, availableLinearAlgebra());
}
