import type { Argv } from 'yargs';
import { UserError } from '../base/userError.ts';
import { type AnalysisConfig, analysisSchema } from '../experiment/config/schema.ts';
import { FINGER_MODES, type FingerMode } from '../spectra/laws/fingers.ts';
import { POWER_LAW_MODES } from '../spectra/laws/powerLaw.ts';
import type { ConvReading } from '../weights/layerMatrices.ts';
import { LAYER_KINDS, type LayerKind } from '../weights/tensors/weightsFile.ts';
import { wholeNumber } from './optionValues.ts';
import type { OutputFlags } from './output.ts';

export interface AnalyzeArgs extends OutputFlags {
  path: string[];
  layers: string[] | undefined;
  type: LayerKind[] | undefined;
  minEvals: number | undefined;
  maxEvals: number | undefined;
  verbose: boolean;
  fit: AnalysisConfig['fit'] | undefined;
  fixFingers: FingerMode | undefined;
  bootstrap: number | undefined;
  randomize: number | undefined;
  tails: boolean | undefined;
  vectors: boolean | undefined;
  farms: number | undefined;
  seed: number | undefined;
  conv: ConvReading;
  out: string | undefined;
  epochFrom: string | undefined;
  csv: string | undefined;
  report: string | undefined;
  figures: string | undefined;
  fromEigenvalues: boolean;
}

/** Options that say which layers of weights are meant. */
export const CHOICE_OPTIONS = {
  layers: {
    type: 'string',
    array: true,
    requiresArg: true,
    describe: 'only these layers, by name, glob or /regular expression/; once more for others',
  },
  type: {
    choices: LAYER_KINDS,
    array: true,
    requiresArg: true,
    describe: 'only layers of these types',
  },
} as const;

/** Option for how a convolution is read. */
export const CONV_OPTION = {
  choices: ['slices', 'flatten'],
  default: 'slices',
  requiresArg: true,
  describe: 'a convolution as its kernel positions, pooled, or as one matrix',
} as const;

/** Adds arguments, options and examples of `analyze` to a parser. */
export function describeAnalyze(parser: Argv): Argv<AnalyzeArgs> {
  return parser
    .positional('path', {
      type: 'string',
      array: true,
      demandOption: true,
      describe: 'weights files, folders of them, or results folders, whose spectra.csv is brought up to date',
    })
    .options({
      ...CHOICE_OPTIONS,
      'min-evals': {
        requiresArg: true,
        coerce: wholeNumber('--min-evals', 0) as (value: unknown) => number,
        describe: 'only layers of at least so many eigenvalues',
      },
      'max-evals': {
        requiresArg: true,
        coerce: wholeNumber('--max-evals', 0) as (value: unknown) => number,
        describe: 'only layers of at most so many eigenvalues',
      },
      verbose: {
        type: 'boolean',
        default: false,
        describe: 'list every tensor that is no layer, with the reason',
      },
      fit: { choices: POWER_LAW_MODES, requiresArg: true, describe: 'power-law fit mode [paper]' },
      conv: CONV_OPTION,
      'fix-fingers': {
        choices: FINGER_MODES,
        requiresArg: true,
        describe: 'single eigenvalues far out: cut them off, or begin the tail at the peak',
      },
      bootstrap: { type: 'number', requiresArg: true, describe: 'resamples for the interval of alpha' },
      randomize: { type: 'number', requiresArg: true, describe: 'randomized copies for null calibration' },
      tails: { type: 'boolean', describe: 'compare the power law with other laws of the tail' },
      vectors: { type: 'boolean', describe: 'localization of the eigenvectors' },
      farms: { type: 'number', requiresArg: true, describe: 'alpha of square submatrices of this side' },
      seed: { type: 'number', requiresArg: true, describe: 'of bootstrap and randomized copies [0]' },
      out: {
        type: 'string',
        requiresArg: true,
        describe: 'take the files for checkpoints by run and epoch, and make this results folder of them',
      },
      'epoch-from': {
        type: 'string',
        requiresArg: true,
        describe: "where names have the epoch: '{run}/net_{epoch}.pt' or /regular expression/ [by its name]",
      },
      csv: { type: 'string', requiresArg: true, describe: 'write the rows to this file as well' },
      report: {
        type: 'string',
        requiresArg: true,
        describe: 'write a page on the weights: summary, alpha by depth, every density',
      },
      figures: {
        type: 'string',
        requiresArg: true,
        describe: 'write the same pictures into this folder, SVG and PNG',
      },
      'from-eigenvalues': {
        type: 'boolean',
        default: false,
        describe: 'a results folder whose snapshots are gone, anew from its eigenvalues',
      },
    })
    .example('$0 analyze model.safetensors', 'every layer of a file')
    .example(
      '$0 analyze model.pt --fit ww --bootstrap 200 --csv spectra.csv',
      "WeightWatcher's fit, intervals",
    )
    .example('$0 analyze model.safetensors --report model.html', 'a page to look at')
    .example('$0 analyze checkpoints --out results/mine', 'a training elsewhere: then report, figures')
    .example(
      '$0 analyze results/quick',
      'snapshots not analyzed yet, into spectra.csv',
    ) as unknown as Argv<AnalyzeArgs>;
}

/** What the options ask for, on top of what the experiment's config does. */
export function analysisOf(args: AnalyzeArgs, stored: Partial<AnalysisConfig>): AnalysisConfig {
  const given = {
    fit: args.fit,
    fixFingers: args.fixFingers,
    bootstrap: args.bootstrap,
    randomize: args.randomize,
    tails: args.tails,
    vectors: args.vectors,
    seed: args.seed,
    farms: args.farms === undefined ? undefined : { columns: args.farms, aspect: 1 },
  };
  const asked = Object.entries(given).filter(([, value]) => value !== undefined);
  const parsed = analysisSchema.safeParse({ ...stored, ...Object.fromEntries(asked) });
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const option = String(issue!.path[0]);
  throw new UserError(
    `--${option} must be right, got ${given[option as keyof typeof given]}: ${issue!.message}`,
  );
}
