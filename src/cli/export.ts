import { join } from 'node:path';
import type { CommandModule } from 'yargs';
import { writeFileAtomic } from '../base/files/atomicWrite.ts';
import { UserError } from '../base/userError.ts';
import { csvText } from '../experiment/results/csvFiles.ts';
import { readResults } from '../experiment/results/readResults.ts';
import { createProgressLine } from '../view/terminal/progressLine.ts';
import { exportFlatfiles } from '../weights/export/exportFlatfiles.ts';
import { type ExportResult, exportNpy } from '../weights/export/exportNpy.ts';
import { type FoundWeights, findWeights } from '../weights/findWeights.ts';
import { openWeights } from '../weights/openWeights.ts';
import { createOutput, type Output, type OutputFlags } from './output.ts';

const FORMATS = { npy: exportNpy, weightwatcher: exportFlatfiles } as const;

/** Of tensors that are no layers, where there is nothing else to tell. */
const MAX_REASONS = 4;

interface ExportArgs extends OutputFlags {
  path: string[];
  to: string | undefined;
  parquet: string | undefined;
  format: keyof typeof FORMATS;
}

/** `export PATH...`: weights as files that other programs read. */
export const exportCommand: CommandModule<object, ExportArgs> = {
  command: 'export <path..>',
  describe: 'write weights as .npy or as a model for WeightWatcher',
  builder: (parser) =>
    parser
      .positional('path', {
        type: 'string',
        array: true,
        demandOption: true,
        describe: 'snapshots, weights files, or folders of them: a run, a results folder',
      })
      .options({
        to: {
          type: 'string',
          requiresArg: true,
          describe: 'folder to write to; with more than one file a folder in it for each',
        },
        format: {
          choices: Object.keys(FORMATS),
          requiresArg: true,
          default: 'npy',
          describe: 'npy: a file a layer; weightwatcher: ww_flatfiles, for WeightWatcher(model=FOLDER)',
        },
        parquet: {
          type: 'string',
          requiresArg: true,
          describe:
            'of results folders: one long table of all spectra, with settings and metrics, as this file',
        },
      })
      .example(
        '$0 export results/quick/runs/b=16/snapshots/epoch-005.safetensors --to out',
        'a .npy file a layer',
      )
      .example('$0 export results/quick --to out --format weightwatcher', 'a model for each run and epoch')
      .example(
        '$0 export results/* --parquet all.parquet',
        'every spectrum of several sweeps in one table',
      ) as never,
  handler: async (args) => {
    const output = createOutput(args);
    const { to, parquet } = args;
    if ((to === undefined) === (parquet === undefined)) {
      throw new UserError(
        `one of --to and --parquet must be given, got ${to === undefined ? 'none' : 'both'}`,
      );
    }
    if (parquet !== undefined) {
      const { writeLongTable } = await import('../view/writeLongTable.ts');
      const { rows, columns } = writeLongTable(
        parquet,
        args.path.map((path) => readResults(path)),
      );
      output.document({ parquet, rows, columns });
      output.print(`${parquet}: ${rows} spectra, ${columns} columns`);
      return;
    }
    exportWeights(args, to!, output);
  },
};

function exportWeights(args: ExportArgs, to: string, output: Output): void {
  const progress = createProgressLine(process.stderr, { quiet: args.quiet });
  const sources = args.path.flatMap(findWeights);
  checkNames(sources);
  const results: (ExportResult & { source: string })[] = [];
  try {
    for (const { path, name } of sources) {
      progress.update(`exporting ${path}`);
      const weights = openWeights(path);
      try {
        const folder = sources.length === 1 ? to : join(to, withoutDash(name));
        const result = FORMATS[args.format](weights, folder);
        writeLayerNames(result);
        results.push({ source: path, ...result });
      } finally {
        weights.close();
      }
    }
  } finally {
    progress.clear();
  }
  if (results.every(({ layers }) => layers.length === 0)) {
    const reasons = results.flatMap(({ skipped }) => skipped).map(({ name, reason }) => `${name}: ${reason}`);
    throw new UserError([
      `${args.path.join(', ')} must hold layers to export, got none`,
      ...reasons.slice(0, MAX_REASONS),
    ]);
  }
  output.document({ exported: results });
  for (const { source, folder, layers } of results) {
    output.print(`${source}: ${layers.length} layers in ${folder}`);
  }
}

/** Writes which layer is in which file: their names may differ, and two may differ in case only. */
function writeLayerNames({ folder, layers }: ExportResult): void {
  const rows = layers.map(({ file, name, shape }) => ({ file, layer: name, shape: shape.join(' ') }));
  writeFileAtomic(join(folder, 'layers.csv'), csvText(rows, ['file', 'layer', 'shape']));
}

/** A name that begins with a dash is an option to most programs. */
const withoutDash = (name: string): string => name.replace(/(^|\/)-/g, '$1_-');

/** Two files of one name would be written over each other. */
function checkNames(sources: readonly FoundWeights[]): void {
  const first = new Map<string, string>();
  for (const { path, name } of sources) {
    const other = first.get(name);
    if (other !== undefined) {
      throw new UserError(
        `files to export must have different names, got ${other} and ${path}`,
        'Export them one by one',
      );
    }
    first.set(name, path);
  }
}
