import { companyText } from '../base/machine/circumstances.ts';
import { makespan } from '../experiment/plan/estimate.ts';
import { planRuns, type RunPlan } from '../experiment/plan/planRuns.ts';
import {
  likelySpeeds,
  rememberSpeeds,
  runsToMeasure,
  type SpeedSetting,
  threadsOf,
} from '../experiment/plan/speedCache.ts';
import { resultsLayout } from '../experiment/results/layout.ts';
import { runConflict, trainedEpochs } from '../experiment/status/runFolder.ts';
import { networkOf } from '../experiment/sweep/checkRun.ts';
import type { Experiment } from '../experiment/sweep/loadExperiment.ts';
import { circumstancesText } from '../view/terminal/circumstancesText.ts';
import { byteSize, count, duration } from '../view/terminal/numberText.ts';
import { type Column, formatTable } from '../view/terminal/table.ts';
import type { Output } from './output.ts';
import type { ResolvedJobs } from './resolveJobs.ts';

/**
 * Prints what running the experiment would take, and trains nothing. Times are known where such runs were trained on this machine
 * before; `measure` times a few steps of those that are not, which takes the engine.
 */
export async function printDryRun(
  experiment: Experiment,
  { setting, choice, remark }: ResolvedJobs,
  measure: boolean,
  output: Output,
): Promise<void> {
  if (measure) await measureSpeeds(experiment, setting, output);
  const layout = resultsLayout(experiment.outDir);
  const plans = planRuns(experiment, likelySpeeds(setting), (run) => trainedEpochs(layout, run));
  const left = plans.filter(({ epochs, epochs_done }) => epochs_done < epochs);
  const total = (key: 'steps' | 'disk_bytes'): number => plans.reduce((sum, plan) => sum + plan[key], 0);
  const seconds = left.flatMap(({ time_s }) => time_s ?? []);
  const time = seconds.length < left.length ? null : makespan(seconds, setting.jobs);

  const runs = left.length === plans.length ? plans.length : `${left.length} of ${plans.length}`;
  output.block(formatTable(COLUMNS, plans, output.width));
  output.print('');
  output.print(
    `${runs} ${plans.length === 1 ? 'run' : 'runs'}, ${count(total('steps'))} steps, ` +
      `training time ${duration(time)}, ${byteSize(total('disk_bytes'))} in ${experiment.outDir}`,
  );
  const analyzed = analyzedLayers(experiment);
  output.print(`Analyzed layers: ${analyzed.join('; ')}`);
  const conflicts = experiment.runs.flatMap(
    ({ id, config }) => runConflict(id, layout.run(id), config) ?? [],
  );
  for (const conflict of conflicts) output.print(`Conflict: ${conflict}`);
  if (conflicts.length > 0)
    output.print('Choose another folder with --out, or train such runs anew with --replace.');
  if (remark !== null) output.print(`${remark[0]!.toUpperCase()}${remark.slice(1)}.`);
  if (time === null)
    output.print('The time is known once such a run was trained on this machine, or with --measure.');
  output.document({
    experiment: experiment.name,
    out: experiment.outDir,
    dry_run: true,
    jobs: choice.jobs,
    threads: choice.threads,
    decided_by: choice.decided_by,
    runs: plans,
    steps: total('steps'),
    time_s: time,
    disk_bytes: total('disk_bytes'),
    analyzed_layers: analyzed,
    conflicts,
    notes: experiment.notes,
  });
}

/** Returns the layers that are analyzed, with the shapes of their kernels; networks of a sweep that differ give an entry each. */
function analyzedLayers({ runs }: Experiment): string[] {
  const texts = runs.map(({ config }) => {
    const { parameters, analyzedLayers: own } = networkOf(config);
    const layers = config.snapshots.layers ?? own;
    return parameters
      .filter(({ kind, layer }) => kind === 'kernel' && layers.includes(layer))
      .map(({ layer, shape }) => `${layer} (${shape.join(' x ')})`)
      .join(', ');
  });
  return [...new Set(texts)].map((text) => (text === '' ? 'none' : text));
}

async function measureSpeeds(experiment: Experiment, setting: SpeedSetting, output: Output): Promise<void> {
  const configs = runsToMeasure(
    experiment.runs.map(({ config }) => config),
    setting,
  );
  if (configs.length === 0) return;
  const [{ loadEngine }, { engineOptions }, { prepareMeasurement }] = await Promise.all([
    import('../train/engine/loadEngine.ts'),
    import('../run/engineOptions.ts'),
    import('../run/measureSpeed.ts'),
  ]);
  const { binding } = loadEngine(engineOptions(setting, configs));
  for (const config of configs) {
    const measurement = prepareMeasurement(binding, config);
    const measured = measurement.measure();
    measurement.close();
    const company = companyText(measured.circumstances, threadsOf(setting));
    output.note(
      `measured batch size ${config.batchSize}: ${count(measured.imagesPerSecond)} img/s` +
        `${circumstancesText(measured.circumstances)}${company === null ? '' : `; not remembered: ${company}`}`,
    );
    rememberSpeeds([{ config, ...measured }], setting);
  }
}

const COLUMNS: readonly Column<RunPlan>[] = [
  { title: 'run', text: ({ run }) => run },
  {
    title: 'epochs',
    text: ({ epochs, epochs_done: done }) => (done === 0 ? String(epochs) : `${epochs - done} of ${epochs}`),
    align: 'right',
  },
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
