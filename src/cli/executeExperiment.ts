import { freeSpace } from '../base/files/freeSpace.ts';
import { planRuns } from '../experiment/plan/planRuns.ts';
import { likelySpeeds, rememberSpeeds } from '../experiment/plan/speedCache.ts';
import { resultsLayout } from '../experiment/results/layout.ts';
import { seedGroups } from '../experiment/results/overSeeds.ts';
import type { RunEvent, RunExperimentOptions, RunOutcome } from '../experiment/status/runEvents.ts';
import { trainedEpochs } from '../experiment/status/runFolder.ts';
import { type Experiment, loadExperiment } from '../experiment/sweep/loadExperiment.ts';
import { startPageServer } from '../run/pageServerProcess.ts';
import { refuseWhileSubmitted } from '../run/slurm/submitExperiment.ts';
import { type EventFiles, eventFiles } from '../view/tensorboard/eventFiles.ts';
import { byteSize, count } from '../view/terminal/numberText.ts';
import { createProgressLine } from '../view/terminal/progressLine.ts';
import { resultTable } from '../view/terminal/resultTable.ts';
import { runProgress } from '../view/terminal/runProgress.ts';
import { seedTable } from '../view/terminal/seedTable.ts';
import { printDryRun } from './dryRun.ts';
import { interruptSignal } from './interrupt.ts';
import { createOutput, type Output } from './output.ts';
import { PROGRAM } from './program.ts';
import { type ResolvedJobs, resolveJobs } from './resolveJobs.ts';
import type { RunArgs } from './runOptions.ts';
import { checkExecutor, submitToSlurm } from './submitToSlurm.ts';

const EXIT_NOT_DONE = 1;

/** Runs the experiment of a config, or tells what that would take, and sets the exit code. */
export async function executeExperiment(args: RunArgs, trainOnly: boolean): Promise<void> {
  const output = createOutput(args);
  checkExecutor(args);
  const experiment = loadExperiment(args.config, { set: args.set, out: args.out });
  for (const note of experiment.notes) output.note(`note: ${note}`);
  const jobs = resolveJobs(experiment, args);
  if (args['dry-run']) {
    await printDryRun(experiment, jobs, args.measure, output);
    return;
  }
  if (args.replace) {
    refuseWhileSubmitted(experiment.outDir);
    const { replaceRuns } = await import('../run/replaceRuns.ts');
    const replaced = await replaceRuns(experiment, (message) => output.note(message));
    if (replaced.length > 0) output.note(`removed to train anew: ${replaced.join(', ')}`);
  }
  tellPlan(experiment, jobs, output);
  if (args.executor === 'slurm') {
    await submitToSlurm(experiment, args, trainOnly, output);
    return;
  }
  refuseWhileSubmitted(experiment.outDir);
  const outcome = await withProgress(experiment, jobs, args, trainOnly);
  report(experiment, outcome, trainOnly, output);
  if (!outcome.interrupted && !isDone(outcome)) process.exitCode = EXIT_NOT_DONE;
}

/** Every run is done, and nothing of what they left was passed over. */
function isDone({ runs, skippedLayers, damage }: RunOutcome): boolean {
  return (
    skippedLayers + damage.length === 0 &&
    runs.every(({ state, error }) => state === 'done' && error === null)
  );
}

/** Says before the work begins what it will take, and warns where the disk cannot hold it. */
function tellPlan(experiment: Experiment, { setting, remark }: ResolvedJobs, output: Output): void {
  const layout = resultsLayout(experiment.outDir);
  const plans = planRuns(experiment, likelySpeeds(setting), (run) => trainedEpochs(layout, run)).filter(
    ({ epochs, epochs_done }) => epochs_done < epochs,
  );
  if (plans.length === 0) return;
  const bytes = plans.reduce((sum, { disk_bytes }) => sum + disk_bytes, 0);
  const steps = plans.reduce((sum, plan) => sum + plan.steps, 0);
  const free = freeSpace(experiment.outDir);
  output.note(
    `${plans.length} of ${experiment.runs.length} runs to train, ${count(steps)} steps, ` +
      `${byteSize(bytes)} to ${experiment.outDir}`,
  );
  if (remark !== null) output.note(remark);
  if (bytes > free) {
    output.note(
      `warning: the disk has ${byteSize(free)} free. A run that finds it full fails, and goes on with --retry-failed after space is ` +
        'made; snapshots.keep and snapshots.every need less.',
    );
  }
}

export async function withProgress(
  experiment: Experiment,
  { setting, choice }: ResolvedJobs,
  args: RunArgs,
  trainOnly: boolean,
): Promise<RunOutcome> {
  // The engine is loaded only now, so that wrong configs and dry runs cost nothing.
  const { runExperiment } = await import('../run/runExperiment.ts');
  const progress = runProgress(experiment.runs, setting, likelySpeeds(setting));
  const line = createProgressLine(process.stderr, { quiet: args.quiet });
  const interrupt = interruptSignal(() =>
    line.log('interrupted: finishing the step and writing the checkpoint'),
  );
  const remember = (): void => rememberSpeeds(progress.speeds(), setting);
  const tensorboard = args.tensorboard ? eventFiles(experiment.outDir, experiment.runs) : null;
  const options: RunExperimentOptions = {
    ...setting,
    choice: experiment.runs.length > 1 ? choice : null,
    outDir: experiment.outDir,
    program: PROGRAM,
    trainOnly,
    retryFailed: args['retry-failed'],
    failFast: args['fail-fast'],
    signal: interrupt.signal,
    onEvent: (event) => {
      if (tensorboard !== null) tellTensorboard(tensorboard, event);
      const kept = progress.take(event);
      // After every epoch: plans are asked for, and sweeps killed, before a long one ends.
      if (event.type === 'epoch') remember();
      if (kept !== null) line.log(kept);
      line.update(
        () => progress.line(),
        (width, height) => progress.table(width, height),
      );
    },
  };
  const page = args.watch ? startPageServer(experiment.outDir, PROGRAM, line.log) : null;
  try {
    return await runExperiment(experiment, options);
  } finally {
    await page?.stop();
    line.clear();
    interrupt.release();
    remember();
  }
}

export function tellTensorboard(files: EventFiles, event: RunEvent): void {
  if (event.type === 'run-started') files.startRun(event.run, event.resumedAt);
  else if (event.type === 'epoch') files.addEpoch(event.run, event.row);
  else if (event.type === 'run-skipped') files.addFinishedRun(event.run);
  else if (event.type === 'report') files.writeSpectra();
}

function report(experiment: Experiment, outcome: RunOutcome, trainOnly: boolean, output: Output): void {
  const { runs, layers, interrupted } = outcome;
  output.document({
    experiment: experiment.name,
    out: experiment.outDir,
    interrupted,
    report: outcome.report,
    runs,
    layers,
  });
  if (runs.length > 0) output.block(resultTable(runs, layers, output.width));
  const seeds = seedTable(runs, layers, seedGroups(experiment.runs), output.width);
  if (seeds !== null) output.block(`\n${seeds}`);
  for (const line of outcome.damage) output.note(`damaged: ${line}`);
  const failed = runs.filter(({ state }) => state === 'failed');
  output.print('');
  if (runs.every(({ state, trained }) => state === 'done' && !trained)) {
    output.print(
      `Nothing to train: ${runs.length === 1 ? 'the run was' : `all ${runs.length} runs were`} finished before.`,
    );
  }
  for (const { run, error } of failed) output.print(`${run} failed: ${error ?? 'no reason known'}`);
  for (const { run, warning } of runs) {
    if (warning !== null)
      output.print(`${run} has not learned: ${warning}. Its phases say nothing of training.`);
  }
  if (failed.length > 0) output.print('Failed runs are tried again with --retry-failed.');
  const left = runs.filter(({ state }) => state === 'interrupted' || state === 'waiting');
  if (!interrupted && left.length > 0) {
    output.print(`Not done: ${left.map(({ run }) => run).join(', ')}. The same command goes on with them.`);
  }
  if (interrupted) output.print('Interrupted. The same command goes on where it stopped.');
  if (outcome.report !== null) output.print(`Report: ${outcome.report}`);
  else if (trainOnly) output.print(`Results: ${experiment.outDir}`);
}
