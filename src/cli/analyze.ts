import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Argv, CommandModule } from 'yargs';
import { analyzeResults } from '../analyze/analyzeResults.ts';
import { layerChoice } from '../analyze/layerChoice.ts';
import { relabelResults } from '../analyze/relabelResults.ts';
import { writeFileAtomic } from '../base/files/atomicWrite.ts';
import { UserError } from '../base/userError.ts';
import { type AnalysisConfig, analysisSchema, FIT_MODES } from '../experiment/config/schema.ts';
import { spectraCsv } from '../experiment/results/csvFiles.ts';
import { resultsLayout } from '../experiment/results/layout.ts';
import { experimentRuns } from '../experiment/status/experimentRuns.ts';
import { lockResults } from '../experiment/status/resultsLock.ts';
import { loadExperiment } from '../experiment/sweep/loadExperiment.ts';
import type { LinearAlgebra } from '../spectra/linalg/linearAlgebra.ts';
import type { SpectrumRow } from '../spectra/spectrumRow.ts';
import { availableLinearAlgebra } from '../train/engine/availableLinearAlgebra.ts';
import { layerTable } from '../view/terminal/layerTable.ts';
import { createProgressLine, type ProgressLine } from '../view/terminal/progressLine.ts';
import type { ConvReading } from '../weights/layerMatrices.ts';
import { LAYER_KINDS, type LayerKind } from '../weights/tensors/weightsFile.ts';
import { type Analyzed, analyzeFiles } from './analyzeFiles.ts';
import { interruptSignal } from './interrupt.ts';
import { createOutput, type OutputFlags, printError } from './output.ts';

const EXIT_NOT_DONE = 1;

interface AnalyzeArgs extends OutputFlags {
  path: string[];
  layers: string[] | undefined;
  type: LayerKind[] | undefined;
  minEvals: number | undefined;
  maxEvals: number | undefined;
  verbose: boolean;
  fit: AnalysisConfig['fit'] | undefined;
  bootstrap: number | undefined;
  randomize: number | undefined;
  tails: boolean | undefined;
  vectors: boolean | undefined;
  farms: number | undefined;
  seed: number | undefined;
  conv: ConvReading;
  csv: string | undefined;
  fromEigenvalues: boolean;
}

/** `analyze PATH...`: spectra and phases of weights, of one's own or of a results folder, whose spectra.csv it brings up to date. */
export const analyzeCommand: CommandModule<object, AnalyzeArgs> = {
  builder: (parser) =>
    parser
      .positional('path', {
        type: 'string',
        array: true,
        demandOption: true,
        describe:
          'weights files, folders of them, or results folders, whose spectra.csv is brought up to date',
      })
      .options({
        layers: {
          type: 'string',
          array: true,
          requiresArg: true,
          describe: 'only these layers, by name, glob or /regular expression/',
        },
        type: {
          choices: LAYER_KINDS,
          array: true,
          requiresArg: true,
          describe: 'only layers of these types',
        },
        'min-evals': {
          type: 'number',
          requiresArg: true,
          describe: 'only layers of at least so many eigenvalues',
        },
        'max-evals': {
          type: 'number',
          requiresArg: true,
          describe: 'only layers of at most so many eigenvalues',
        },
        verbose: {
          type: 'boolean',
          default: false,
          describe: 'list every tensor that is no layer, with the reason',
        },
        fit: { choices: FIT_MODES, requiresArg: true, describe: 'power-law fit mode [paper]' },
        conv: {
          choices: ['slices', 'flatten'],
          default: 'slices',
          requiresArg: true,
          describe: 'a convolution as its kernel positions, pooled, or as one matrix',
        },
        bootstrap: { type: 'number', requiresArg: true, describe: 'resamples for the interval of alpha' },
        randomize: { type: 'number', requiresArg: true, describe: 'randomized copies for null calibration' },
        tails: { type: 'boolean', describe: 'compare the power law with other laws of the tail' },
        vectors: { type: 'boolean', describe: 'localization of the eigenvectors' },
        farms: { type: 'number', requiresArg: true, describe: 'alpha of square submatrices of this side' },
        seed: { type: 'number', requiresArg: true, describe: 'of bootstrap and randomized copies [0]' },
        csv: { type: 'string', requiresArg: true, describe: 'write the rows to this file as well' },
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
      .example(
        '$0 analyze results/quick',
        'snapshots not analyzed yet, into spectra.csv',
      ) as unknown as Argv<AnalyzeArgs>,
  handler: async (args) => {
    const output = createOutput(args);
    const progress = createProgressLine(process.stderr, { quiet: args.quiet });
    const algebra = availableLinearAlgebra();
    const choice = layerChoice({
      names: args.layers,
      kinds: args.type,
      minEvals: args.minEvals,
      maxEvals: args.maxEvals,
      conv: args.conv,
    });
    let interrupted = false;
    const analyzed: Analyzed = { layers: [], skipped: [], failed: [], copies: [], formats: [] };
    try {
      for (const path of args.path) {
        const isResults = existsSync(resultsLayout(path).runs);
        if (args.fromEigenvalues && !isResults) {
          throw new UserError(`--from-eigenvalues must be given a results folder, got ${path}`);
        }
        const part = isResults
          ? await interruptible(algebra, progress, async (signal) => {
              const found = await analyzeFolder(path, args, algebra, signal, progress);
              interrupted = signal.aborted;
              return found;
            })
          : analyzeFiles(path, {
              analysis: analysisOf(args, {}),
              algebra,
              conv: args.conv,
              choice,
              progress,
            });
        for (const key of ['layers', 'skipped', 'failed', 'copies', 'formats'] as const) {
          for (const found of part[key]) (analyzed[key] as unknown[]).push(found);
        }
        if (interrupted) break;
      }
    } finally {
      progress.clear();
    }
    if (analyzed.failed.length === 0 && !interrupted) choice.checkNames(args.path.join(', '));
    const refused = analyzed.skipped.some((layer) => layer.refused);
    if (analyzed.layers.length === 0 && !refused && !interrupted) throw nothingFound(analyzed, args);
    if (args.csv !== undefined) writeFileAtomic(args.csv, spectraCsv(analyzed.layers, ['file']));
    output.document({
      eigenvalues: 'of W^T W, no 1/N',
      algebra: algebra.name,
      layers: analyzed.layers,
      skipped: analyzed.skipped.map(({ refused: _, ...layer }) => layer),
      failed: analyzed.failed.map(({ file, error }) => ({ file, error: error.message })),
      copies: analyzed.copies,
    });
    output.block(layerTable(analyzed.layers, output.width));
    if (analyzed.layers.length > 0) output.note('how to read it: docs/guide/reading.md');
    for (const line of skippedLines(analyzed, args.verbose)) output.note(line);
    for (const { error } of analyzed.failed) printError(error.lines);
    if (!interrupted && (refused || analyzed.failed.length > 0)) process.exitCode = EXIT_NOT_DONE;
  },
};

/** One line for what is no layer, or with --verbose a line for each; what could not be analyzed and copies are always told. */
function skippedLines({ skipped, copies }: Analyzed, verbose: boolean): string[] {
  const line = ({ layer, file, reason }: Analyzed['skipped'][number]): string =>
    `skipped ${layer} of ${file}: ${reason}`;
  const none = skipped.filter(({ refused }) => !refused);
  const counted =
    none.length === 0
      ? []
      : [`${none.length} tensors are no layers: ${reasons(none)} (--verbose lists them)`];
  return [
    ...copies.map(({ path, of }) => `passed over ${path}: it holds the model of ${of}`),
    ...skipped.filter(({ refused }) => refused).map(line),
    ...(verbose ? none.map(line) : counted),
  ];
}

const MAX_REASONS = 4;

/** The most frequent reasons with their numbers. */
function reasons(skipped: Analyzed['skipped']): string {
  const counts = new Map<string, number>();
  // What a reason says of one tensor alone would be a reason for each.
  for (const { reason } of skipped) {
    const kind = reason.replace(/: .*/s, '');
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  const listed = sorted.slice(0, MAX_REASONS).map(([reason, count]) => `${reason} (${count})`);
  return [...listed, ...(sorted.length > MAX_REASONS ? ['...'] : [])].join('; ');
}

/** The error that says why there is not one layer. */
function nothingFound({ failed, skipped, formats }: Analyzed, { path }: AnalyzeArgs): UserError {
  const [first] = failed;
  if (first !== undefined && skipped.length === 0) {
    return failed.length === 1
      ? first.error
      : new UserError(
          failed.flatMap(({ error }) => error.lines),
          first.error.remedy,
        );
  }
  const why = skipped.length === 0 ? 'no tensors, or none that the options ask for' : reasons(skipped);
  return new UserError([
    ...failed.flatMap(({ error }) => error.lines),
    `${path.join(', ')} must hold layers to analyze, got none${formats.length === 0 ? '' : ` in ${formats.join(', ')}`}: ${why}`,
  ]);
}

/**
 * Analyzes a results folder, which is locked, so that an interrupt lets it end in order. Weights files leave nothing to put in order, and the
 * solver in TypeScript gives JavaScript no turn for minutes: there nobody listens, and the signal ends the process itself, at once.
 */
async function interruptible<T>(
  algebra: LinearAlgebra,
  progress: ProgressLine,
  analyze: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (algebra.name !== 'native') return analyze(new AbortController().signal);
  const interrupt = interruptSignal(() => progress.log('interrupted: finishing the layer at hand'));
  try {
    return await analyze(interrupt.signal);
  } finally {
    interrupt.release();
  }
}

async function analyzeFolder(
  dir: string,
  args: AnalyzeArgs,
  algebra: LinearAlgebra,
  signal: AbortSignal,
  progress: ProgressLine,
): Promise<Analyzed> {
  if (args.layers !== undefined || args.type !== undefined || args.conv !== 'slices') {
    throw new UserError(
      `--layers, --type and --conv must be left out for a results folder, got ${dir}`,
      'Name its snapshots instead: results/quick/runs/*/snapshots/*.safetensors',
    );
  }
  const layout = resultsLayout(resolve(dir));
  const stored = existsSync(layout.experiment)
    ? loadExperiment(layout.experiment, { out: layout.dir }).analysis
    : {};
  const release = await lockResults(layout.dir, { signal, onWait: (message) => progress.log(message) });
  const skipped: Analyzed['skipped'] = [];
  try {
    const analysis = analysisOf(args, stored);
    const rows = args.fromEigenvalues
      ? relabelResults(layout, analysis)
      : await analyzeResults(layout, [...experimentRuns(layout).keys()], analysis, {
          algebra,
          signal,
          onProgress: (done, total) => progress.update(`analyzing ${done}/${total}`),
          onSkip: (message) => {
            skipped.push({ file: dir, layer: '', reason: message, refused: true });
            progress.log(message);
          },
          onNote: (message) => progress.log(message),
        });
    const file = (row: SpectrumRow): string => layout.run(row.run!).snapshot(row.epoch!);
    return {
      layers: rows.map((row) => ({ file: file(row), ...row })),
      skipped,
      failed: [],
      copies: [],
      formats: [],
    };
  } finally {
    release();
  }
}

/** What the options ask for, on top of what the experiment's config does. */
function analysisOf(args: AnalyzeArgs, stored: Partial<AnalysisConfig>): AnalysisConfig {
  const given = {
    fit: args.fit,
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
