import { UserError } from '../base/userError.ts';
import type { Experiment } from '../experiment/sweep/loadExperiment.ts';
import { parseSlurmOptions } from '../run/slurm/slurmOptions.ts';
import { submitExperiment } from '../run/slurm/submitExperiment.ts';
import type { Output } from './output.ts';
import { PROGRAM } from './program.ts';
import type { RunArgs } from './runOptions.ts';

/** Throws UserError for arguments that do not go with the executor. */
export function checkExecutor({ executor, slurm, jobs, watch, out }: RunArgs): void {
  if (executor !== 'slurm') {
    const [option] = Object.keys(slurm ?? {});
    if (option !== undefined) {
      throw new UserError(
        `--slurm.${option} must be given with --executor slurm, got --executor ${executor}`,
      );
    }
  } else if (watch) {
    throw new UserError(
      '--watch must be left out with --executor slurm, which returns at once',
      `Watch the folder instead: phasewatch watch ${out ?? 'DIR'}`,
    );
  } else if (jobs === 'auto') {
    throw new UserError(
      '--jobs must be a number with --executor slurm, got auto: this machine is not where the runs train',
    );
  }
}

/** Submits the experiment of `run --executor slurm` and says how to follow it. */
export async function submitToSlurm(
  experiment: Experiment,
  args: RunArgs,
  trainOnly: boolean,
  output: Output,
): Promise<void> {
  const submission = await submitExperiment(experiment, {
    slurm: parseSlurmOptions(args.slurm ?? {}),
    program: PROGRAM,
    jobs: (args.jobs as number | undefined) ?? 1,
    threads: args.threads ?? null,
    device: args.device ?? null,
    retry_failed: args['retry-failed'],
    fail_fast: args['fail-fast'],
    tensorboard: args.tensorboard,
    train_only: trainOnly,
    onMessage: output.note,
  });
  const { tasks, train_job, analysis_job } = submission;
  output.document({ experiment: experiment.name, out: experiment.outDir, train_job, analysis_job, tasks });
  if (train_job === null)
    output.print(`Nothing to train: all ${experiment.runs.length} runs were finished before.`);
  else
    output.print(`Submitted array job ${train_job}: ${tasks.flat().length} runs in ${tasks.length} tasks.`);
  if (analysis_job !== null) output.print(`Submitted analysis job ${analysis_job}, to run after it.`);
  if (train_job === null && analysis_job === null) return;
  output.print(`Follow them: phasewatch status ${experiment.outDir} --watch`);
  output.print(`End them:    phasewatch cancel ${experiment.outDir}`);
}
