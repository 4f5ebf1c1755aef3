import { secondsOfSteps } from '../experiment/plan/estimate.ts';
import { stepsPerEpoch } from '../experiment/plan/planRuns.ts';
import { likelySpeeds, type SpeedSetting } from '../experiment/plan/speedCache.ts';
import type { RunLayout } from '../experiment/results/layout.ts';
import { readStoredRun } from '../experiment/status/runFolder.ts';
import type { ExperimentRun } from '../experiment/sweep/loadExperiment.ts';

interface RunWithFiles {
  run: ExperimentRun;
  files: RunLayout;
}

/** Returns the seconds that are left of each run, by the remembered speeds or the arithmetic of its network. */
export function secondsLeft<Run extends RunWithFiles>(
  runs: readonly Run[],
  setting: SpeedSetting,
): Map<Run, number> {
  const speeds = likelySpeeds(setting);
  return new Map(
    runs.map((one) => {
      const { config } = one.run;
      const epochs = config.epochs - (readStoredRun(one.files)?.status?.epoch ?? 0);
      const steps = epochs * stepsPerEpoch(config);
      return [one, secondsOfSteps(config, steps, speeds(config), setting.threads ?? 1)];
    }),
  );
}

/** Returns the runs so that the last one to end leaves the others' cores idle for as short as can be. */
export function longestFirst<Run extends RunWithFiles>(runs: readonly Run[], setting: SpeedSetting): Run[] {
  const seconds = secondsLeft(runs, setting);
  return [...runs].sort((a, b) => seconds.get(b)! - seconds.get(a)!);
}
