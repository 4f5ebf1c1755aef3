import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Argv, CommandModule } from 'yargs';
import { analyzeResults } from '../analyze/analyzeResults.ts';
import { analyzeWeights } from '../analyze/analyzeWeights.ts';
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
import { findWeights } from '../weights/findWeights.ts';
import { openWeights } from '../weights/openWeights.ts';
import { interruptSignal } from './interrupt.ts';
import { createOutput, type OutputFlags } from './output.ts';

const EXIT_NOT_DONE = 1;

interface AnalyzeArgs extends OutputFlags {
  path: string[];
  layers: string[] | undefined;
  fit: AnalysisConfig['fit'] | undefined;
  bootstrap: number | undefined;
  randomize: number | undefined;
  tails: boolean | undefined;
  vectors: boolean | undefined;
  farms: number | undefined;
  seed: number | undefined;
  conv: 'slices' | 'flatten';
  csv: string | undefined;
}

/** A row with the file it comes from. */
type SourcedRow = SpectrumRow & { source: string };
interface Analyzed {
  layers: SourcedRow[];
  skipped: { source: string; layer: string; reason: string }[];
  /** Layers that could not be analyzed. */
  refused: number;
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
        layers: { type: 'string', array: true, requiresArg: true, describe: 'only these layers, by name' },
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
    const interrupt = interruptSignal(() => progress.log('interrupted: finishing the layer at hand'));
    const algebra = availableLinearAlgebra();
    const analyzed: Analyzed = { layers: [], skipped: [], refused: 0 };
    try {
      for (const path of args.path) {
        const part = existsSync(resultsLayout(path).runs)
          ? await analyzeFolder(path, args, algebra, interrupt.signal, progress)
          : await analyzeFiles(path, args, algebra, interrupt.signal, progress);
        for (const row of part.layers) analyzed.layers.push(row);
        for (const tensor of part.skipped) analyzed.skipped.push(tensor);
        analyzed.refused += part.refused;
      }
    } finally {
      progress.clear();
      interrupt.release();
    }
    checkFound(analyzed, args);
    if (args.csv !== undefined) writeFileAtomic(args.csv, spectraCsv(analyzed.layers, ['source']));
    const { refused, ...documented } = analyzed;
    output.document({ eigenvalues: 'of W^T W, no 1/N', algebra: algebra.name, ...documented });
    output.block(layerTable(analyzed.layers, output.width));
    for (const { source, layer, reason } of analyzed.skipped)
      output.note(`skipped ${layer} of ${source}: ${reason}`);
    if (!interrupt.signal.aborted && (refused > 0 || analyzed.layers.length === 0)) {
      process.exitCode = EXIT_NOT_DONE;
    }
  },
};

async function analyzeFiles(
  path: string,
  args: AnalyzeArgs,
  algebra: LinearAlgebra,
  signal: AbortSignal,
  progress: ProgressLine,
): Promise<Analyzed> {
  const analysis = analysisOf(args, {});
  const analyzed: Analyzed = { layers: [], skipped: [], refused: 0 };
  for (const { path: source } of findWeights(path)) {
    if (signal.aborted) break;
    const file = openWeights(source);
    try {
      const { layers, skipped } = analyzeWeights(file, analysis, algebra, {
        conv: args.conv,
        wanted: (layer) => args.layers?.includes(layer) ?? true,
        onLayer: (layer) => progress.update(`analyzing ${source} ${layer}`),
      });
      for (const { row } of layers) analyzed.layers.push({ source, ...row });
      for (const { name, reason } of skipped) analyzed.skipped.push({ source, layer: name, reason });
      analyzed.refused += skipped.filter(({ refused }) => refused).length;
    } finally {
      file.close();
    }
    // Analysis blocks: Ctrl-C gets its turn between files.
    await new Promise((done) => setImmediate(done));
  }
  return analyzed;
}

async function analyzeFolder(
  dir: string,
  args: AnalyzeArgs,
  algebra: LinearAlgebra,
  signal: AbortSignal,
  progress: ProgressLine,
): Promise<Analyzed> {
  if (args.layers !== undefined || args.conv !== 'slices') {
    throw new UserError(
      `--layers and --conv must be left out for a results folder, got ${dir}`,
      'Name its snapshots instead: results/quick/runs/*/snapshots/*.safetensors',
    );
  }
  const layout = resultsLayout(resolve(dir));
  const stored = existsSync(layout.experiment)
    ? loadExperiment(layout.experiment, { out: layout.dir }).analysis
    : {};
  const release = await lockResults(layout.dir, { signal, onWait: (message) => progress.log(message) });
  let refused = 0;
  try {
    const rows = await analyzeResults(layout, [...experimentRuns(layout).keys()], analysisOf(args, stored), {
      algebra,
      signal,
      onProgress: (done, total) => progress.update(`analyzing ${done}/${total}`),
      onSkip: (message) => {
        refused++;
        progress.log(message);
      },
      onNote: (message) => progress.log(message),
    });
    const source = (row: SpectrumRow): string => layout.run(row.run!).snapshot(row.epoch!);
    return { layers: rows.map((row) => ({ source: source(row), ...row })), skipped: [], refused };
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

function checkFound({ layers, skipped }: Analyzed, args: AnalyzeArgs): void {
  const names = new Set([...layers.map(({ layer }) => layer), ...skipped.map(({ layer }) => layer)]);
  const missing = args.layers?.find((layer) => !names.has(layer));
  if (missing !== undefined) throw new UserError(`unknown layer: ${missing} in ${args.path.join(', ')}`);
}
