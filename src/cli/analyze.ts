import { existsSync } from 'node:fs';
import type { CommandModule } from 'yargs';
import { layerChoice } from '../analyze/layerChoice.ts';
import { requireWritableFile } from '../base/files/requireWritableFile.ts';
import { UserError } from '../base/userError.ts';
import { writeSpectraCsv } from '../experiment/results/csvFiles.ts';
import { resultsLayout } from '../experiment/results/layout.ts';
import type { LinearAlgebra } from '../spectra/linalg/linearAlgebra.ts';
import { type ModelSummary, modelSummaries } from '../spectra/modelSummary.ts';
import { availableLinearAlgebra, slowSolverRemark } from '../train/engine/availableLinearAlgebra.ts';
import { layerTable } from '../view/terminal/layerTable.ts';
import { modelTable } from '../view/terminal/modelTable.ts';
import { createProgressLine } from '../view/terminal/progressLine.ts';
import { nothingFound, skippedLines } from './analyzedText.ts';
import { type Analyzed, analyzeFiles, type FilesOptions, nothingAnalyzed } from './analyzeFiles.ts';
import { analyzeFolder, analyzeIntoFolder, type FolderTools } from './analyzeFolder.ts';
import { type AnalyzeArgs, analysisOf, describeAnalyze } from './analyzeOptions.ts';
import { createOutput, printError } from './output.ts';
import { keptSpectra, writeWeightsFigures, writeWeightsPage } from './weightsPictures.ts';

const EXIT_NOT_DONE = 1;

/** `analyze PATH...`: spectra and phases of weights, of one's own or of a results folder, whose spectra.csv it brings up to date. */
export const analyzeCommand: CommandModule<object, AnalyzeArgs> = {
  builder: describeAnalyze,
  handler: async (args) => {
    const output = createOutput(args);
    const progress = createProgressLine(process.stderr, { quiet: args.quiet });
    const choice = layerChoice({
      names: args.layers,
      kinds: args.type,
      minEvals: args.minEvals,
      maxEvals: args.maxEvals,
      conv: args.conv,
    });
    if (args.epochFrom !== undefined && args.out === undefined) {
      throw new UserError('--epoch-from must come with --out, got it alone');
    }
    const pictures = picturesOf(args);
    for (const file of [args.csv, args.report]) if (file !== undefined) requireWritableFile(file);
    const tools = { algebra: availableLinearAlgebra(), choice, progress, onSpectrum: pictures.keep };
    const remark = slowSolverRemark(tools.algebra);
    if (remark !== null) output.note(remark);
    const parts: Analyzed[] = [];
    let interrupted = false;
    try {
      for await (const part of analyses(args, tools)) {
        parts.push(part);
        interrupted = 'interrupted' in part && part.interrupted === true;
        if (interrupted) break;
      }
    } finally {
      progress.clear();
    }
    const analyzed = nothingAnalyzed();
    for (const part of parts) {
      analyzed.layers.append(part.layers);
      for (const key of ['skipped', 'failed', 'passedOver', 'formats'] as const) {
        for (const found of part[key]) (analyzed[key] as unknown[]).push(found);
      }
    }
    if (analyzed.failed.length === 0 && !interrupted) choice.checkNames(args.path.join(', '));
    const refused = analyzed.skipped.some((layer) => layer.refused);
    if (analyzed.layers.length === 0 && !refused && !interrupted) {
      throw nothingFound(analyzed, args.path, choice.leftOut());
    }
    if (args.csv !== undefined) writeSpectraCsv(args.csv, analyzed.layers, ['file']);
    const models = modelSummaries(analyzed.layers);
    if (analyzed.layers.length > 0) await pictures.write((line) => output.note(line));
    if (args.json) output.document(documentOf(analyzed, models, tools.algebra));
    output.block(layerTable(analyzed.layers, output.width));
    if (models.length > 0) output.block(`\n${modelTable(lastEpochs(models), output.width)}`);
    if (analyzed.layers.length > 0) output.note('how to read it: docs/guide/reading.md');
    for (const line of skippedLines(analyzed, args.verbose)) output.note(line);
    for (const { error } of analyzed.failed) printError(error.lines);
    if (args.out !== undefined) output.note(`results folder: ${args.out} (phasewatch report ${args.out})`);
    if (!interrupted && (refused || analyzed.failed.length > 0)) process.exitCode = EXIT_NOT_DONE;
  },
};

const documentOf = (analyzed: Analyzed, models: readonly ModelSummary[], algebra: LinearAlgebra): object => ({
  eigenvalues: 'of W^T W, no 1/N',
  algebra: algebra.name,
  models,
  layers: analyzed.layers,
  skipped: analyzed.skipped.map(({ refused: _, ...layer }) => layer),
  failed: analyzed.failed.map(({ file, error }) => ({ file, error: error.message })),
  passed_over: analyzed.passedOver,
});

/** Yields what each path gives, or all paths together where they are checkpoints. */
async function* analyses(
  args: AnalyzeArgs,
  tools: FolderTools & Pick<FilesOptions, 'onSpectrum'>,
): AsyncGenerator<Analyzed> {
  if (args.out !== undefined) {
    if (args.fromEigenvalues) throw new UserError('--from-eigenvalues must be given without --out, got both');
    yield await analyzeIntoFolder(args.out, args, tools);
    return;
  }
  for (const path of args.path) {
    const isResults = existsSync(resultsLayout(path).runs);
    if (args.fromEigenvalues && !isResults) {
      throw new UserError(`--from-eigenvalues must be given a results folder, got ${path}`);
    }
    yield isResults
      ? await analyzeFolder(path, args, tools)
      : analyzeFiles(path, { ...tools, analysis: analysisOf(args, {}), conv: args.conv });
  }
}

/** Of a run its last epoch stands for all. */
function lastEpochs(models: readonly ModelSummary[]): ModelSummary[] {
  const last = new Map(models.map((model) => [model.run ?? model.file, model]));
  return models.filter((model) => last.get(model.run ?? model.file) === model);
}

interface Pictures {
  /** Keeps the spectra where pictures of them are wanted. */
  keep: NonNullable<FilesOptions['onSpectrum']>;
  write(note: (line: string) => void): Promise<void>;
}

/** What `--report` and `--figures` ask for. Throws UserError for results folders, which have commands of their own. */
function picturesOf({ report, figures, path, out }: AnalyzeArgs): Pictures {
  const option = report !== undefined ? '--report' : '--figures';
  const wanted = report !== undefined || figures !== undefined;
  const folder = out ?? path.find((one) => existsSync(resultsLayout(one).runs));
  if (wanted && folder !== undefined) {
    throw new UserError(
      `${option} must be given with weights files, got the results folder ${folder}`,
      `phasewatch ${option.slice(2)} ${folder}`,
    );
  }
  const spectra = keptSpectra();
  return {
    keep: wanted ? spectra.keep : () => {},
    write: async (note) => {
      const models = spectra.models();
      if (report !== undefined) {
        writeWeightsPage(report, models);
        note(`page: ${report}`);
      }
      if (figures !== undefined) {
        const written = await writeWeightsFigures(figures, models);
        note(`${written.figures.length} figures in ${figures}`);
        if (written.pngMissing !== null) note(`note: no PNG files: ${written.pngMissing}`);
      }
    },
  };
}
