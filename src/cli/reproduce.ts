import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Argv, CommandModule } from 'yargs';
import { UserError } from '../base/userError.ts';
import type { RunConfig } from '../experiment/config/schema.ts';
import { cifar10Folder, cifar10Missing } from '../experiment/data/cifar10.ts';
import { CIFAR_FILES } from '../experiment/data/cifar10Records.ts';
import { resultsLayout } from '../experiment/results/layout.ts';
import { type Results, readResults } from '../experiment/results/readResults.ts';
import { trainedEpochs } from '../experiment/status/runFolder.ts';
import { type Experiment, loadExperiment } from '../experiment/sweep/loadExperiment.ts';
import { runCalculation } from '../paper/calculations/runCalculation.ts';
import { cutParameters, cutText } from '../paper/cutText.ts';
import { SCALES, type Scale } from '../paper/experimentFile.ts';
import { type PaperFigure, paperFigures } from '../paper/paperFigures.ts';
import { experimentNames, loadReproduction, type Reproduction } from '../paper/registry.ts';
import {
  type CalculatedNumber,
  type ReproducedNumber,
  reproducedNumbers,
} from '../paper/reproducedNumbers.ts';
import { writeReproduction } from '../paper/writeReproduction.ts';
import type { LinearAlgebra } from '../spectra/linalg/linearAlgebra.ts';
import { availableLinearAlgebra } from '../train/engine/availableLinearAlgebra.ts';
import { eigenvectorFigures } from '../view/eigenvectorFigures.ts';
import { resultsFigures } from '../view/figures/resultsFigures.ts';
import { writeReport } from '../view/page/writeReport.ts';
import { createProgressLine } from '../view/terminal/progressLine.ts';
import { writeFigures } from '../view/writeFigures.ts';
import { withProgress } from './executeExperiment.ts';
import { interruptSignal } from './interrupt.ts';
import { createOutput, type Output, type OutputFlags } from './output.ts';
import { printExperiments, printNumbers } from './reproductionTable.ts';
import { resolveJobs } from './resolveJobs.ts';
import { jobsOption, type RunArgs, setOption } from './runOptions.ts';

const EXIT_RUN_FAILED = 1;
/** Stands for every experiment that needs no files of the user's. */
const ALL = 'all';

interface ReproduceArgs extends OutputFlags {
  experiment: string | undefined;
  scale: Scale;
  set: string[];
  jobs: number | 'auto' | undefined;
  out: string | undefined;
  weights: string[];
}

/** What became of one experiment; the JSON document has one for each. */
interface Reproduced {
  experiment: string;
  scale: Scale;
  out: string;
  cut: string | null;
  numbers: ReproducedNumber[];
  figures: PaperFigure[];
  report: string;
}

/** `reproduce [EXPERIMENT]`: trains or computes what is missing of an experiment of the paper, and prints its numbers beside the authors'. */
export const reproduceCommand: CommandModule<object, ReproduceArgs> = {
  builder: (parser) =>
    parser
      .positional('experiment', {
        type: 'string',
        describe:
          'experiment of the paper, or all (those that need no files of yours); without one they are listed',
      })
      .options({
        scale: {
          choices: SCALES,
          default: 'quick' as const,
          requiresArg: true,
          describe: "quick: minutes; desk: an evening on two cores; paper: the authors' setting in full",
        },
        set: { ...setOption, describe: 'cut it in another way: change a key of its config, as --set of run' },
        jobs: jobsOption,
        out: {
          type: 'string',
          requiresArg: true,
          describe: 'folder with a results folder an experiment (default: results/reproduce-SCALE)',
        },
        weights: {
          type: 'string',
          array: true,
          default: [],
          requiresArg: true,
          describe: 'files of pretrained models, or folders of them, for the experiment pretrained',
        },
      })
      .example('$0 reproduce', 'the experiments and what they cost')
      .example('$0 reproduce minialexnet-baseline --scale desk', 'the baseline at one seed')
      .example(
        '$0 reproduce batch-sweep --scale desk --set epochs=3 --jobs 2',
        'in a few hours',
      ) as unknown as Argv<ReproduceArgs>,
  handler: async (args) => {
    const output = createOutput(args);
    if (args.experiment === undefined) {
      printExperiments(experimentNames().map(loadReproduction), output);
      return;
    }
    const all = args.experiment === ALL;
    const names = all
      ? experimentNames().filter((name) => loadReproduction(name).calculates !== 'pretrained')
      : [args.experiment];
    const done: Reproduced[] = [];
    for (const name of names) {
      const one = await reproduce(loadReproduction(name), args, output);
      if (one === null) break;
      done.push(one);
    }
    output.document({ reproduced: done });
  },
};

/** Returns null when it was interrupted or a run failed; the exit code is then set. */
async function reproduce(
  experiment: Reproduction,
  args: ReproduceArgs,
  output: Output,
): Promise<Reproduced | null> {
  const { name, title, paper, configPath, calculates } = experiment;
  const out = args.out ?? `results/reproduce-${args.scale}`;
  const folderOf = (other: Reproduction): string => join(out, other.folder);
  const dir = folderOf(experiment);
  const { cost } = experiment.settings(args.scale);
  if (calculates !== undefined && args.set.length > 0 && args.experiment !== ALL) {
    throw new UserError(
      `--set must be left out for ${name}, which trains nothing, got ${args.set.join(' ')}`,
    );
  }
  output.print(`${name}: ${title} (${paper})`);
  const changed = args.set.length === 0 ? '' : ` before ${args.set.join(' ')}`;
  output.note(`${name} at scale ${args.scale}: ${cost} on two CPU cores${changed}, to ${dir}`);

  const done =
    calculates === undefined
      ? await train(experiment, configPath!, dir, args, output)
      : await calculate(experiment, dir, args);
  if (done === null) return null;
  const { cut, calculated } = done;
  const algebra = availableLinearAlgebra();
  const results = readResults(dir);
  const resultsOf = (other: string): Results | null => {
    const folder = folderOf(loadReproduction(other));
    return existsSync(folder) ? readResults(folder) : null;
  };
  const found = { experiment: name, results, cut, calculated, algebra, resultsOf };
  const numbers = experiment.checks.flatMap((check) => reproducedNumbers(check, found));
  writeReproduction(dir, name, numbers);
  const figures = await draw(experiment, results, algebra, output);
  const report = writeReport(dir, (message) => output.note(`damaged: ${message}`));
  printNumbers(numbers, cut, output);
  for (const { figure, shows } of figures) output.print(`${figure}  ${shows}`);
  output.print(`Report: ${report}`);
  output.print('');
  return { experiment: name, scale: args.scale, out: dir, cut, numbers, figures, report };
}

interface Done {
  cut: string | null;
  calculated: Readonly<Record<string, CalculatedNumber>>;
}

async function train(
  experiment: Reproduction,
  configPath: string,
  dir: string,
  args: ReproduceArgs,
  output: Output,
): Promise<Done | null> {
  const load = (scale: Scale, changes: readonly string[]) =>
    loadExperiment(configPath, { set: [...experiment.settings(scale).set, ...changes], out: dir });
  const full = load('paper', []);
  const cut = cutText(configsOf(full), configsOf(load(args.scale, args.set)));
  // The report shows the description, which tells of the whole experiment.
  const description = JSON.stringify(`${full.description ?? experiment.title}; here ${cut}`);
  const scaled = load(args.scale, cut === null ? args.set : [...args.set, `description=${description}`]);
  const runArgs: RunArgs = {
    ...args,
    config: configPath,
    'dry-run': false,
    measure: false,
    'retry-failed': true,
    replace: false,
    'fail-fast': false,
    threads: undefined,
    device: undefined,
    tensorboard: false,
    watch: false,
  };
  checkData(scaled);
  const jobs = resolveJobs(scaled, runArgs);
  if (jobs.remark !== null) output.note(jobs.remark);
  const { runs, interrupted } = await withProgress(scaled, jobs, runArgs, false);
  if (interrupted) {
    output.print('Interrupted. The same command goes on where it stopped.');
    return null;
  }
  const failed = runs.filter(({ state }) => state !== 'done');
  for (const { run, error } of failed) output.print(`${run} is not done: ${error ?? 'no reason known'}`);
  if (failed.length > 0) process.exitCode = EXIT_RUN_FAILED;
  if (failed.length === runs.length) return null;
  return { cut, calculated: {} };
}

function configsOf({ runs }: Experiment): RunConfig[] {
  return runs.map(({ config }) => config);
}

/** Told before the engine is installed and anything is trained. */
function checkData({ runs, outDir }: Experiment): void {
  const layout = resultsLayout(outDir);
  const needed = runs.some(
    (run) => run.config.dataset === 'cifar10' && trainedEpochs(layout, run) < run.config.epochs,
  );
  const missing = CIFAR_FILES.filter((file) => !existsSync(join(cifar10Folder(), file)));
  if (needed && missing.length > 0) throw cifar10Missing(cifar10Folder(), missing);
}

async function calculate(experiment: Reproduction, dir: string, args: ReproduceArgs): Promise<Done | null> {
  const line = createProgressLine(process.stderr, { quiet: args.quiet });
  const interrupt = interruptSignal(() => line.log('interrupted: nothing of this calculation is kept'));
  const [full, scaled] = (['paper', args.scale] as const).map(
    (scale) => experiment.settings(scale).parameters,
  );
  try {
    const { numbers } = await runCalculation(dir, experiment.calculates!, scaled!, {
      algebra: availableLinearAlgebra(),
      weights: args.weights,
      progress: async (text) => {
        line.update(() => text);
        await new Promise((resolve) => setImmediate(resolve));
        interrupt.signal.throwIfAborted();
      },
    });
    return { cut: cutParameters(full!, scaled!), calculated: numbers };
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
    return null;
  } finally {
    line.clear();
    interrupt.release();
  }
}

/** Draws every figure of the folder and returns those that the paper has. */
async function draw(
  experiment: Reproduction,
  results: Results,
  algebra: LinearAlgebra,
  output: Output,
): Promise<PaperFigure[]> {
  const layout = resultsLayout(results.dir);
  function* all() {
    yield* resultsFigures(results);
    if (experiment.eigenvectors) yield* eigenvectorFigures(results, algebra);
  }
  const { pngMissing } = await writeFigures(layout.figures, all());
  if (pngMissing !== null) output.note(`note: no PNG files: ${pngMissing}`);
  // A calculation has drawn some of its own.
  const drawn = readdirSync(layout.figures).map((file) => join(layout.figures, file));
  return paperFigures(experiment.figures, drawn);
}
