import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UserError } from '../../src/base/userError.ts';
import { readMetricsCsv, readSpectraCsv } from '../../src/experiment/results/csvFiles.ts';
import { resultsLayout } from '../../src/experiment/results/layout.ts';
import { NO_CIRCUMSTANCES } from '../../src/experiment/results/metricsRow.ts';
import type { RunEvent, RunExperimentOptions } from '../../src/experiment/status/runEvents.ts';
import { verifyResults } from '../../src/experiment/status/verifyResults.ts';
import { loadExperiment } from '../../src/experiment/sweep/loadExperiment.ts';
import { runExperiment } from '../../src/run/runExperiment.ts';
import { SMALL_SWEEP } from './smallSweep.ts';

let folder: string;
let config: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'phasewatch-run-'));
  config = join(folder, 'small.yaml');
  writeFileSync(config, SMALL_SWEEP);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(outDir: string, set: string[] = [], changed: Partial<RunExperimentOptions> = {}) {
  const events: RunEvent[] = [];
  const options: RunExperimentOptions = {
    outDir,
    trainOnly: false,
    program: fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url)),
    retryFailed: false,
    failFast: false,
    jobs: 1,
    threads: null,
    device: null,
    signal: new AbortController().signal,
    onEvent: (event) => events.push(event),
    ...changed,
  };
  return runExperiment(loadExperiment(config, { set, out: outDir }), options).then((outcome) => ({
    ...outcome,
    events,
  }));
}

const out = (name: string): string => join(folder, name);
const snapshotsOf = (dir: string, id: string): Buffer[] =>
  readdirSync(resultsLayout(dir).run(id).snapshots)
    .sort()
    .map((name) => readFileSync(join(resultsLayout(dir).run(id).snapshots, name)));

describe('runExperiment', () => {
  it('measures the errors with the analyzed layers cut, once', async () => {
    const dir = out('truncated');
    const set = ['snapshots.network=true', 'network.analyzedLayers=["fc1","fc2"]'];
    const first = await run(dir, set);
    expect(first.events.filter(({ type }) => type === 'truncate')).toHaveLength(2 * 3);
    const rows = readSpectraCsv(resultsLayout(dir).spectra);
    for (const { id } of first.runs.map(({ run: id }) => ({ id }))) {
      for (const { epoch, test_accuracy } of readMetricsCsv(resultsLayout(dir).run(id).metrics)) {
        const [fc1, fc2] = rows.filter((row) => row.run === id && row.epoch === epoch);
        expect(fc1!.full_test_error).toBeCloseTo(1 - test_accuracy, 6);
        expect(fc2!.full_test_error).toBe(fc1!.full_test_error);
        expect(fc1!.detX_train_error).toBeGreaterThanOrEqual(0);
        expect(fc1!.all_detX_test_error).toBe(fc2!.all_detX_test_error);
        // Of 10 eigenvalues of fc2 a bulk can be fitted; of what a column needs and does not have, nothing is told.
        for (const row of [fc1!, fc2!]) expect(row.pl_test_error === null).toBe(row.alpha === null);
      }
    }
    const csv = readFileSync(resultsLayout(dir).spectra);
    const second = await run(dir, set);
    expect(second.events.filter(({ type }) => type === 'truncate')).toEqual([]);
    expect(readFileSync(resultsLayout(dir).spectra)).toEqual(csv);
    // Measured anew where the file is damaged.
    const [id] = second.runs.map(({ run: name }) => name);
    writeFileSync(resultsLayout(dir).truncated(id!), 'epoch,layer');
    const third = await run(dir, set);
    expect(third.events.filter(({ type }) => type === 'truncate')).toHaveLength(3);
    expect(readFileSync(resultsLayout(dir).spectra)).toEqual(csv);
    // Taken further, it keeps the parameters of the epochs before.
    await run(dir, [...set, 'epochs=3']);
    const kept = readdirSync(resultsLayout(dir).run(id!).snapshots).filter((name) =>
      name.startsWith('network'),
    );
    expect(kept).toHaveLength(4);
  });

  it('adds layers to finished runs without training, as if they had been trained with them', async () => {
    const [added, whole] = [out('added'), out('whole')];
    const network = 'snapshots.network=true';
    const both = [network, 'snapshots.layers=["fc2","fc1"]'];
    await run(added, [network, 'snapshots.layers=["fc1"]']);
    await run(whole, both);
    const { runs, events } = await run(added, both);
    expect(runs.map(({ trained }) => trained)).toEqual([false, false]);
    expect(events).toContainEqual({ type: 'note', message: 'added fc2 to the snapshots of run lr=0.01' });
    expect(snapshotsOf(added, 'lr=0.01')).toEqual(snapshotsOf(whole, 'lr=0.01'));
    const [mine, theirs] = [added, whole].map((dir) => readFileSync(resultsLayout(dir).spectra, 'utf8'));
    expect(mine).toBe(theirs);
    expect(mine).toContain(',fc2,');
    const { problems } = verifyResults(added);
    expect(problems).toEqual([]);
    // Fewer are asked for: nothing is lost, nothing is measured again.
    const fewer = await run(added, [network, 'snapshots.layers=["fc1"]']);
    expect(fewer.events.filter(({ type }) => type === 'truncate')).toEqual([]);
    expect(readFileSync(resultsLayout(added).spectra, 'utf8')).toBe(theirs);
  });

  it('trains, analyzes and reports; the second time it trains nothing and says the same', async () => {
    const dir = out('twice');
    const first = await run(dir);
    expect(first.runs.map(({ run: id, state, trained }) => [id, state, trained])).toEqual([
      ['lr=0.01', 'done', true],
      ['lr=0.02', 'done', true],
    ]);
    // Two runs, epochs 0 to 2, FC1.
    expect(first.layers).toHaveLength(6);
    expect(first.layers.every(({ phase }) => phase !== null)).toBe(true);
    expect(readSpectraCsv(resultsLayout(dir).spectra)).toEqual(first.layers);
    expect(readFileSync(first.report!, 'utf8')).toContain('lr=0.02');
    const [initial, , last] = readMetricsCsv(resultsLayout(dir).run('lr=0.02').metrics);
    expect(initial).toMatchObject(NO_CIRCUMSTANCES);
    expect(last!.cpu_over_wall).toBeGreaterThan(0);
    if (process.platform === 'linux') expect(last!.other_cores).toBeGreaterThanOrEqual(0);
    const second = await run(dir);
    expect(second.runs.map(({ trained }) => trained)).toEqual([false, false]);
    expect(second.layers).toEqual(first.layers);
    expect(second.events.filter(({ type }) => type === 'run-skipped')).toEqual(
      second.runs.map(({ run: id, test_accuracy: testAccuracy }) => ({
        type: 'run-skipped',
        run: id,
        state: 'done',
        epoch: 2,
        testAccuracy,
      })),
    );
  });

  it('goes on where a run of fewer epochs ended, with the bytes of a straight run', async () => {
    const straight = out('straight');
    const longer = out('longer');
    await run(straight, ['epochs=3']);
    await run(longer);
    const extended = await run(longer, ['epochs=3']);
    expect(
      extended.events.filter((event) => event.type === 'run-started' && event.resumedAt === 2),
    ).toHaveLength(2);
    expect(snapshotsOf(longer, 'lr=0.02')).toEqual(snapshotsOf(straight, 'lr=0.02'));
  });

  it('does not train more epochs over a run that lost its checkpoint, and leaves what is there', async () => {
    const dir = out('lost');
    await run(dir);
    const { checkpoint, metrics } = resultsLayout(dir).run('lr=0.02');
    const before = readFileSync(metrics, 'utf8');
    rmSync(checkpoint);
    expect((await run(dir)).runs.map(({ state }) => state)).toEqual(['done', 'done']);
    await expect(run(dir, ['epochs=3'])).rejects.toThrow(
      /^run lr=0\.02 in .* must have its checkpoint to go on after epoch 2, got none$/,
    );
    expect(readFileSync(metrics, 'utf8')).toBe(before);
  });

  it('refuses a folder with results of other settings before anything is written', async () => {
    const dir = out('other');
    await run(dir, ['epochs=0']);
    const before = readFileSync(resultsLayout(dir).experiment, 'utf8');
    const refused = run(dir, ['epochs=0', 'loss=mse']);
    await expect(refused).rejects.toThrow(UserError);
    await expect(refused).rejects.toThrow(/loss "crossEntropy" where the config has "mse"/);
    expect(readFileSync(resultsLayout(dir).experiment, 'utf8')).toBe(before);
  });

  it('ends a run that diverges as failed, with epoch, step and last finite loss, and goes on with the others', async () => {
    const dir = out('diverged');
    // Steps of 1e38 leave the range of float32.
    const { runs, layers } = await run(dir, ['sweep.learningRate=1e38,0.01', 'optimizer.type=sgd']);
    expect(runs.map(({ state }) => state)).toEqual(['failed', 'done']);
    expect(runs[0]!.error).toMatch(
      /^loss must be a finite number, got (NaN|Infinity) in epoch 1 at step \d of 4 \(last finite loss [\d.]+\)$/,
    );
    expect(readMetricsCsv(resultsLayout(dir).run(runs[0]!.run).metrics)).toHaveLength(1);
    expect(layers.filter(({ run: id }) => id === runs[0]!.run)).toHaveLength(1);
    const again = await run(dir, ['sweep.learningRate=1e38,0.01', 'optimizer.type=sgd']);
    expect(again.runs.map(({ trained }) => trained)).toEqual([false, false]);
  });

  it('ends a run whose weights are no longer finite as failed, though its loss still is', async () => {
    const dir = out('poisoned');
    // fc1's second step overflows; units that are NaN stay below the threshold of ReLU on the way to the loss.
    const { runs } = await run(dir, [
      'sweep={}',
      'learningRate=1e30',
      'optimizer.type=sgd',
      'trainImages=32',
    ]);
    expect(runs[0]!.state).toBe('failed');
    expect(runs[0]!.error).toMatch(/must be (a )?finite number/);
  });

  it('stops at a step when interrupted and goes on from there with the same bytes', async () => {
    const dir = out('interrupted');
    const interrupt = new AbortController();
    const stopped = await run(dir, ['batchSize=4'], {
      signal: interrupt.signal,
      onEvent: (event) => {
        if (event.type === 'step' && event.epoch === 2) interrupt.abort();
      },
    });
    expect(stopped.interrupted).toBe(true);
    expect(stopped.runs.map(({ state }) => state)).toEqual(['interrupted', 'waiting']);
    expect(existsSync(resultsLayout(dir).report)).toBe(false);
    await run(dir, ['batchSize=4']);
    const straight = out('uninterrupted');
    await run(straight, ['batchSize=4']);
    expect(snapshotsOf(dir, 'lr=0.01')).toEqual(snapshotsOf(straight, 'lr=0.01'));
  });

  it('keeps only the last snapshot, and every spectrum, where the policy says so', async () => {
    const dir = out('pruned');
    const { layers } = await run(dir, ['snapshots.keep=last']);
    expect(layers).toHaveLength(6);
    expect(snapshotsOf(dir, 'lr=0.01')).toHaveLength(1);
    expect((await run(dir, ['snapshots.keep=last'])).layers).toEqual(layers);
  });
});
