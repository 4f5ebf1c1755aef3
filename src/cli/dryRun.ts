import type { Experiment } from '../sweep/loadExperiment.ts';
import { planRuns, type RunPlan } from '../sweep/planRuns.ts';
import { knownSpeeds, type SpeedSetting } from '../sweep/speedCache.ts';
import { byteSize, count, duration } from './numberText.ts';
import type { Output } from './output.ts';
import { type Column, formatTable } from './table.ts';

/** Prints what running the experiment would take, and does nothing. */
export function printDryRun(experiment: Experiment, setting: SpeedSetting, output: Output): void {
  const plans = planRuns(experiment, (config) => knownSpeeds(config, setting));
  const total = (key: 'steps' | 'disk_bytes' | 'time_s'): number | null =>
    plans.reduce<number | null>(
      (sum, plan) => (sum === null || plan[key] === null ? null : sum + plan[key]),
      0,
    );
  const trainSeconds = total('time_s');
  const time = trainSeconds === null ? null : trainSeconds / Math.min(setting.jobs, plans.length);

  output.print(formatTable(COLUMNS, plans, output.width));
  output.print('');
  output.print(
    `${plans.length} ${plans.length === 1 ? 'run' : 'runs'}, ${count(total('steps')!)} steps, ` +
      `training time ${duration(time)}, ${byteSize(total('disk_bytes')!)} in ${experiment.outDir}`,
  );
  if (time === null)
    output.print('The time is known once a run of this kind has been trained on this machine.');
  output.document({
    experiment: experiment.name,
    out: experiment.outDir,
    dry_run: true,
    runs: plans,
    steps: total('steps'),
    time_s: time,
    disk_bytes: total('disk_bytes'),
    notes: experiment.notes,
  });
}

const COLUMNS: readonly Column<RunPlan>[] = [
  { title: 'run', text: ({ run }) => run },
  { title: 'epochs', text: ({ epochs }) => String(epochs), align: 'right' },
  {
    title: 'steps/epoch',
    text: ({ steps_per_epoch }) => count(steps_per_epoch),
    align: 'right',
    dispensable: 1,
  },
  { title: 'steps', text: ({ steps }) => count(steps), align: 'right' },
  { title: 'time', text: ({ time_s }) => duration(time_s), align: 'right' },
  { title: 'disk', text: ({ disk_bytes }) => byteSize(disk_bytes), align: 'right' },
];
