import type { Argv, CommandModule } from 'yargs';
import { resultsFigures } from '../figures/resultsFigures.ts';
import { resultsLayout } from '../results/layout.ts';
import { readResults } from '../results/readResults.ts';
import { writeFigures } from '../results/writeFigures.ts';
import { createOutput, type OutputFlags } from './output.ts';

interface FiguresArgs extends OutputFlags {
  dir: string;
}

/** `figures DIR`: the figures of a results folder, SVG and PNG, each with the CSV of what it shows. */
export const figuresCommand: CommandModule<object, FiguresArgs> = {
  builder: (parser) =>
    parser
      .positional('dir', { type: 'string', demandOption: true, describe: 'results folder' })
      .example('$0 figures results/quick', 'writes results/quick/figures/') as Argv<FiguresArgs>,
  handler: async (args) => {
    const output = createOutput(args);
    const layout = resultsLayout(args.dir);
    const { figures, pngMissing } = await writeFigures(layout.figures, resultsFigures(readResults(args.dir)));
    if (pngMissing !== null) output.note(`note: no PNG files: ${pngMissing}`);
    output.document({ figures, png: pngMissing === null });
    output.print(`${figures.length} figures in ${layout.figures}`);
  },
};
