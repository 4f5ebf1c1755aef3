import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { writeSafetensors } from '../../../src/base/safetensors/safetensors.ts';
import { writeSpectraCsv } from '../../../src/experiment/results/csvFiles.ts';
import { esdKey } from '../../../src/experiment/results/layout.ts';
import { NO_CIRCUMSTANCES, NOT_EVALUATED } from '../../../src/experiment/results/metricsRow.ts';
import { loadExperiment } from '../../../src/experiment/sweep/loadExperiment.ts';
import type { SpectrumRow } from '../../../src/spectra/spectrumRow.ts';
import { eventFiles } from '../../../src/view/tensorboard/eventFiles.ts';
import {
  histogramRecord,
  hparamsRecord,
  scalarsRecord,
  versionRecord,
} from '../../../src/view/tensorboard/summaryEvents.ts';
import { crc32c } from '../../../src/view/tensorboard/tfRecord.ts';
import { writeConfig } from '../../experiment/config/writtenConfig.ts';
import { resultsFolder, writeRun } from '../../experiment/status/resultsFixture.ts';

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
/** A Python that has the tensorboard package. */
const python = process.env.TENSORBOARD_PYTHON ?? 'python3';
const hasTensorboard = spawnSync(python, ['-c', 'import tensorboard']).status === 0;

describe('records', () => {
  it('have the checksums of RFC 3720', () => {
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
  });

  it("are byte for byte those of TensorBoard's own writer", () => {
    const golden = JSON.parse(readFileSync(here('golden.json'), 'utf8'));
    const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
    expect(hex(versionRecord(1.5))).toBe(golden.version);
    const scalars = { 'accuracy/test': 0.75, left_out: null, 'fc1/alpha': 3.5 };
    expect(hex(scalarsRecord({ wallTime: 1.5, step: 3 }, scalars))).toBe(golden.scalars);
    // The order of a map is free; this is the one that the other writer takes.
    const settings = { batchSizeIsRight: true, left_out: null, 'optimizer.type': 'sgd', batchSize: 16 };
    expect(hex(hparamsRecord({ wallTime: 1.5, step: 1 }, settings))).toBe(golden.hparams);
    const values = Float64Array.of(1, 2, 51);
    expect(hex(histogramRecord({ wallTime: 1.5, step: 300 }, 'fc1/log10_eigenvalues', values))).toBe(
      golden.histogram,
    );
  });
});

const experiment = loadExperiment(writeConfig('network: lenet5\ndataset: mnist\nepochs: 2', 'events.yaml'));

function writeEvents(): string {
  const layout = resultsFolder(experiment);
  const run = experiment.runs[0]!;
  writeRun(layout, run, 2, {});
  const rows = [0, 1, 2].map((epoch) => ({
    run: 'run',
    epoch,
    layer: 'fc1',
    N: 4,
    M: 4,
    lambda_max: 100 + epoch,
    alpha: 4 - epoch,
  }));
  writeSpectraCsv(layout.spectra, rows as unknown as SpectrumRow[]);
  mkdirSync(layout.esdFolder);
  const evals = (epoch: number) => ({
    dtype: 'F64' as const,
    shape: [4],
    data: Float64Array.of(0, 1, 10, 100 + epoch),
  });
  writeSafetensors(
    layout.esd('run'),
    new Map([0, 1, 2].map((epoch) => [esdKey(epoch, 'fc1'), evals(epoch)])),
    {},
  );
  const events = eventFiles(layout.dir, experiment.runs, () => 1000);
  events.startRun('run', 1);
  events.addEpoch('run', {
    epoch: 2,
    learning_rate: 0.01,
    train_loss: 0.5,
    train_accuracy: 0.9,
    test_loss: 1,
    test_accuracy: 0.875,
    images_per_second: 1000,
    train_time_s: 10,
    ...NO_CIRCUMSTANCES,
    ...NOT_EVALUATED,
  });
  events.addFinishedRun('run');
  events.writeSpectra();
  return join(layout.dir, 'tensorboard', 'run');
}

describe('event files', () => {
  it.runIf(hasTensorboard)(
    'are read by TensorBoard itself (set TENSORBOARD_PYTHON to a Python that has it)',
    () => {
      const { stdout, stderr } = spawnSync(python, [here('read_events.py'), writeEvents()], {
        encoding: 'utf8',
      });
      const { hparams, scalars, histograms } = JSON.parse(stdout.trim() === '' ? `"${stderr}"` : stdout);
      expect(Object.keys(scalars).sort()).toEqual([
        'accuracy/test',
        'accuracy/train',
        'fc1/alpha',
        'fc1/lambda_max',
        'images_per_second',
        'learning_rate',
        'loss/test',
        'loss/train',
      ]);
      expect(scalars['fc1/alpha']).toEqual([
        [0, 4],
        [1, 3],
        [2, 2],
      ]);
      expect(scalars['accuracy/test'].map(([step]: [number]) => step)).toEqual([0, 1, 2]);
      expect(scalars['accuracy/test'][2]).toEqual([2, 0.875]);
      const [group] = hparams;
      expect(hparams).toHaveLength(1);
      expect(group.session).toEqual(['run']);
      expect(group.hparams).toMatchObject({
        network: 'lenet5',
        dataset: 'mnist',
        epochs: 2,
        batchSize: experiment.runs[0]!.config.batchSize,
        'optimizer.type': experiment.runs[0]!.config.optimizer.type,
      });
      expect(group.metrics).toMatchObject({ 'accuracy/test': 0.875, 'fc1/alpha': 2 });
      expect(histograms).toEqual({
        'fc1/eigenvalues': [
          [0, 4, 4],
          [1, 4, 4],
          [2, 4, 4],
        ],
        'fc1/log10_eigenvalues': [
          [0, 3, 3],
          [1, 3, 3],
          [2, 3, 3],
        ],
      });
    },
  );
});
