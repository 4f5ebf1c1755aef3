import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { writeMetricsCsv } from '../../../src/experiment/results/csvFiles.ts';
import { resultsLayout } from '../../../src/experiment/results/layout.ts';
import { NO_CIRCUMSTANCES, NOT_EVALUATED } from '../../../src/experiment/results/metricsRow.ts';
import type { RunStatus } from '../../../src/experiment/results/runStatus.ts';
import { writeSnapshot } from '../../../src/experiment/results/snapshot.ts';
import type { Experiment } from '../../../src/experiment/sweep/loadExperiment.ts';

const folder = mkdtempSync(join(tmpdir(), 'phasewatch-results-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let made = 0;

/** Makes a results folder with the experiment's resolved config, and returns its layout. */
export function resultsFolder(experiment: Experiment) {
  const layout = resultsLayout(join(folder, String(made++)));
  mkdirSync(layout.dir);
  writeFileSync(layout.experiment, experiment.resolvedYaml);
  return layout;
}

/** Writes the files of a run after `epochs` epochs of `train_time_s` seconds, without weights worth the name. */
export function writeRun(
  layout: ReturnType<typeof resultsLayout>,
  { id, config }: Experiment['runs'][number],
  epochs: number,
  status: Partial<RunStatus>,
): void {
  const files = layout.run(id);
  mkdirSync(files.dir, { recursive: true });
  writeFileSync(files.config, JSON.stringify(config));
  const rows = Array.from({ length: epochs + 1 }, (_, epoch) => ({
    epoch,
    learning_rate: epoch === 0 ? null : config.learningRate,
    train_loss: epoch === 0 ? null : 1 / epoch,
    train_accuracy: epoch === 0 ? null : 0.9,
    test_loss: 1,
    test_accuracy: 0.8,
    images_per_second: epoch === 0 ? null : 1000,
    train_time_s: epoch === 0 ? null : 10,
    ...NO_CIRCUMSTANCES,
    ...NOT_EVALUATED,
  }));
  writeMetricsCsv(files.metrics, rows);
  for (const { epoch } of rows) {
    const data = Float32Array.from({ length: 6 }, (_, i) => i + epoch);
    writeSnapshot(files.snapshot(epoch), epoch, [{ layer: 'fc1', shape: [3, 2], data }], 'float32');
  }
  const full: RunStatus = {
    state: 'done',
    epoch: epochs,
    epochs: config.epochs,
    images_per_second: 1000,
    pid: process.pid,
    host: hostname(),
    started_at: '2026-01-01T00:00:00.000Z',
    updated_at: '2026-01-01T00:01:00.000Z',
    finished_at: null,
    error: null,
    stopped_early: false,
    warning: null,
    ...status,
  };
  writeFileSync(files.status, JSON.stringify(full));
}
