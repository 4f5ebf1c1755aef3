import type { Argv, CommandModule } from 'yargs';
import { diffWeights, type WeightsDiff } from '../analyze/diff/diffWeights.ts';
import { layerChoice } from '../analyze/layerChoice.ts';
import { writeFileAtomic } from '../base/files/atomicWrite.ts';
import { requireWritableFile } from '../base/files/requireWritableFile.ts';
import { UserError } from '../base/userError.ts';
import { analysisSchema } from '../experiment/config/schema.ts';
import { csvText } from '../experiment/results/csvFiles.ts';
import { namesOf } from '../spectra/columns.ts';
import { DELTA_COLUMNS, DIFF_COLUMNS } from '../spectra/diffColumns.ts';
import { POWER_LAW_MODES, type PowerLawMode } from '../spectra/laws/powerLaw.ts';
import { availableLinearAlgebra } from '../train/engine/availableLinearAlgebra.ts';
import { diffTable } from '../view/terminal/diffTable.ts';
import { createProgressLine } from '../view/terminal/progressLine.ts';
import { searchWeights } from '../weights/findWeights.ts';
import type { ConvReading } from '../weights/layerMatrices.ts';
import { openWeights } from '../weights/openWeights.ts';
import type { LayerKind, WeightsFile } from '../weights/tensors/weightsFile.ts';
import { CHOICE_OPTIONS, CONV_OPTION } from './analyzeOptions.ts';
import { wholeNumber } from './optionValues.ts';
import { createOutput, type OutputFlags } from './output.ts';
import { type DifferencePictures, writeDifferencePage } from './weightsPictures.ts';

interface DiffArgs extends OutputFlags {
  a: string;
  b: string;
  layers: string[] | undefined;
  type: LayerKind[] | undefined;
  fit: PowerLawMode;
  conv: ConvReading;
  top: number;
  csv: string | undefined;
  report: string | undefined;
}

const EXIT_NOT_DONE = 1;
const DEFAULT_TOP = 10;
const MAX_NAMES = 5;

/** `diff A B`: what changed between two models, layer by layer. */
export const diffCommand: CommandModule<object, DiffArgs> = {
  builder: (parser) =>
    parser
      .positional('a', { type: 'string', demandOption: true, describe: 'weights file or folder of a model' })
      .positional('b', { type: 'string', demandOption: true, describe: 'the model it became' })
      .options({
        ...CHOICE_OPTIONS,
        fit: {
          choices: POWER_LAW_MODES,
          default: 'paper',
          requiresArg: true,
          describe: 'power-law fit mode',
        },
        conv: CONV_OPTION,
        top: {
          default: DEFAULT_TOP,
          requiresArg: true,
          coerce: wholeNumber('--top', 0),
          describe: 'leading singular directions that are compared; 0: none, which is faster',
        },
        csv: { type: 'string', requiresArg: true, describe: 'write the rows to this file as well' },
        report: {
          type: 'string',
          requiresArg: true,
          describe: 'write a page with the pictures of B - A to this file',
        },
      })
      .example('$0 diff base.safetensors tuned.safetensors', 'what fine-tuning changed')
      .example('$0 diff base.pt tuned.pt --report diff.html', 'a page to look at')
      .example(
        '$0 diff snapshots/epoch-000.safetensors snapshots/epoch-020.safetensors',
        'what training did',
      ) as unknown as Argv<DiffArgs>,
  handler: (args) => {
    const output = createOutput(args);
    const progress = createProgressLine(process.stderr, { quiet: args.quiet });
    for (const file of [args.csv, args.report]) if (file !== undefined) requireWritableFile(file);
    const choice = layerChoice({ names: args.layers, kinds: args.type, conv: args.conv });
    let diff: WeightsDiff;
    const pictures: DifferencePictures['layers'][number][] = [];
    try {
      diff = withBoth(args.a, args.b, (a, b) =>
        diffWeights(a, b, {
          analysis: analysisSchema.parse({ fit: args.fit }),
          algebra: availableLinearAlgebra(),
          top: args.top,
          conv: args.conv,
          wants: choice.wants,
          ...(args.report === undefined
            ? {}
            : { onSpectrum: (diff, row, evals) => pictures.push({ diff, row, evals }) }),
          onLayer: (layer, done, total) => progress.update(`${done}/${total} layers, at ${layer}`),
        }),
      );
    } finally {
      progress.clear();
    }
    choice.checkNames(`${args.a} and ${args.b}`);
    const { layers, refused, onlyA, onlyB } = diff;
    if (layers.length === 0 && refused.length === 0) {
      throw new UserError(
        `${args.a} and ${args.b} must have layers of the same names, got ${listed(onlyA)} and ${listed(onlyB)}`,
      );
    }
    if (args.csv !== undefined) {
      writeFileAtomic(
        args.csv,
        csvText(layers, [...namesOf(DIFF_COLUMNS), ...DELTA_COLUMNS.map((name) => `delta_${name}`)]),
      );
    }
    output.document({ a: args.a, b: args.b, layers, refused, only_a: onlyA, only_b: onlyB });
    output.block(diffTable(layers, output.width));
    const remarks = [
      ...refused.map(({ layer, reason }) => `${layer}: ${reason}`),
      ...(onlyA.length > 0 ? [`only in ${args.a}: ${listed(onlyA)}`] : []),
      ...(onlyB.length > 0 ? [`only in ${args.b}: ${listed(onlyB)}`] : []),
    ];
    for (const remark of remarks) output.note(`not compared: ${remark}`);
    if (args.report !== undefined && pictures.length > 0) {
      writeDifferencePage(args.report, { a: args.a, b: args.b, remarks, layers: pictures });
      output.note(`page: ${args.report}`);
    }
    if (refused.length > 0) process.exitCode = EXIT_NOT_DONE;
  },
};

function withBoth<T>(pathA: string, pathB: string, use: (a: WeightsFile, b: WeightsFile) => T): T {
  const a = openWeights(modelAt(pathA));
  try {
    const b = openWeights(modelAt(pathB));
    try {
      return use(a, b);
    } finally {
      b.close();
    }
  } finally {
    a.close();
  }
}

function modelAt(path: string): string {
  const { found } = searchWeights(path);
  if (found.length > 1) {
    throw new UserError(
      `${path} must be one model, got ${found.length}: ${listed(found.map(({ path: one }) => one))}`,
    );
  }
  return found[0]!.path;
}

function listed(names: readonly string[]): string {
  if (names.length === 0) return 'none';
  const more = names.length - MAX_NAMES;
  return `${names.slice(0, MAX_NAMES).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
