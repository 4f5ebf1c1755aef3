import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { planRuns } from '../../../src/experiment/plan/planRuns.ts';
import { loadExperiment } from '../../../src/experiment/sweep/loadExperiment.ts';

const file = (name: string): string => fileURLToPath(new URL(`../../../${name}`, import.meta.url));

/** The img/s that docs/guide/cluster.md names as measured. */
const SPEEDS = [
  { batchSize: 2, imagesPerSecond: 325 },
  { batchSize: 16, imagesPerSecond: 882 },
  { batchSize: 128, imagesPerSecond: 1241 },
  { batchSize: 500, imagesPerSecond: 1193 },
];

it("docs/guide/cluster.md's table of the paper sweep is what the plan of its runs says", () => {
  const experiment = loadExperiment(file('configs/paper-sweep.yaml'));
  const plans = planRuns(
    experiment,
    () => SPEEDS,
    () => 0,
  );
  const hours = (seconds: number, digits: number): string => (seconds / 3600).toFixed(digits);
  const count = (value: number): string => value.toLocaleString('en-US');
  const sum = (of: (plan: (typeof plans)[number]) => number): number => plans.reduce((a, b) => a + of(b), 0);
  const rows = new Map(
    plans.map((plan, i) => {
      const { batchSize } = experiment.runs[i]!.config;
      const speed = (plan.steps * batchSize) / plan.time_s!;
      const cells = [
        batchSize,
        count(plan.steps),
        speed.toFixed(0),
        hours(plan.time_s!, 1),
        hours(10 * plan.time_s!, 0),
      ];
      return [batchSize, `| ${cells.join(' | ')} |`] as const;
    }),
  );
  const total = `| **all 110** | **${count(sum(({ steps }) => steps))}** | | | **${hours(
    sum(({ time_s }) => time_s!),
    0,
  )}** |`;
  const text = readFileSync(file('docs/guide/cluster.md'), 'utf8');
  expect(text).toContain([...rows.values(), total].join('\n'));
  expect(text).toContain(`${(plans[0]!.disk_bytes / 1e6).toFixed(0)} MB a run`);
  expect(text).toContain(`${(sum(({ disk_bytes }) => disk_bytes) / 1e9).toFixed(0)} GB together`);
});
