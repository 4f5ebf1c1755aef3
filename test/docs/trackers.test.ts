import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Results, readResults } from '../../src/experiment/results/readResults.ts';
import { eventFiles } from '../../src/view/tensorboard/eventFiles.ts';
import { writeSyntheticResults } from '../experiment/results/syntheticResults.ts';
import { snippet } from './interpreters.ts';

const page = readFileSync(fileURLToPath(new URL('../../docs/guide/trackers.md', import.meta.url)), 'utf8');
const [read, mlflow, wandb, aim] = [...page.matchAll(/```python\n([\s\S]*?)```/g)].map(([, code]) => code!);
const EPOCHS = 2;

let folder: string;
let results: Results;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'trackers-'));
  const dir = writeSyntheticResults(join(folder, 'results', 'quick'), { epochs: EPOCHS, seeds: 1 });
  results = readResults(dir);
  const files = eventFiles(
    dir,
    results.runs.map(({ id, config }) => ({ id, config: config! })),
  );
  for (const { id } of results.runs) files.addFinishedRun(id);
  files.writeSpectra();
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Returns what the snippets print as JSON. */
function runHere(interpreter: string, snippets: readonly string[], env: NodeJS.ProcessEnv = {}): unknown {
  const { status, stdout, stderr } = spawnSync(interpreter, ['-c', snippets.join('\n')], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  expect(status, stderr).toBe(0);
  const last = stdout.trim().split('\n').at(-1)!;
  return last === '' ? null : JSON.parse(last);
}

/** The alpha of fc1 after the last epoch, as an event file keeps it. */
function lastAlpha(id: string): number | null {
  const row = results.spectra.find(
    ({ run, epoch, layer }) => run === id && epoch === EPOCHS && layer === 'fc1',
  );
  return row!.alpha === null ? null : Math.fround(row!.alpha);
}

describe('snippets of docs/guide/trackers.md', () => {
  it('are a reader and three loops', () => {
    expect(read).toContain('def read_run');
    for (const [loop, call] of [
      [mlflow, 'log_metrics'],
      [wandb, 'run.log'],
      [aim, 'run.track'],
    ]) {
      expect(loop).toContain('read_run(folder)');
      expect(loop).toContain(call);
    }
  });

  snippet('read a run', ['tensorboard'], (interpreter) => {
    const print = `import json; print(json.dumps([[run.name, *read_run(run)] for run in runs]))`;
    const runs = runHere(interpreter, [read!, print]) as [string, object, Record<string, object>][];
    expect(runs).toHaveLength(results.runs.length);
    for (const [id, settings, epochs] of runs) {
      const { config, metrics } = results.runs.find((run) => run.id === id)!;
      expect(settings).toMatchObject({ batchSize: config!.batchSize, network: 'lenet5' });
      expect(Object.keys(epochs)).toEqual(['0', '1', '2']);
      expect(epochs[EPOCHS]).toMatchObject({
        'accuracy/test': Math.fround(metrics.at(-1)!.test_accuracy!),
        'fc1/alpha': lastAlpha(id),
      });
    }
  });

  snippet('send runs to MLflow', ['tensorboard', 'mlflow'], (interpreter) => {
    const print = `
import json
client = mlflow.MlflowClient()
found = client.search_runs([mlflow.get_experiment_by_name("quick").experiment_id])
print(json.dumps([
    [run.info.run_name, run.data.params["batchSize"],
     [[one.step, one.value] for one in client.get_metric_history(run.info.run_id, "fc1/alpha")]]
    for run in found
]))`;
    const env = { MLFLOW_TRACKING_URI: `file://${join(folder, 'mlruns')}`, MLFLOW_ALLOW_FILE_STORE: 'true' };
    const runs = runHere(interpreter, [read!, mlflow!, print], env) as [string, string, number[][]][];
    expect(runs).toHaveLength(results.runs.length);
    for (const [id, batchSize, history] of runs) {
      const { config } = results.runs.find((run) => run.id === id)!;
      expect(Number(batchSize)).toBe(config!.batchSize);
      expect(history.at(-1)).toEqual([EPOCHS, lastAlpha(id)]);
    }
  });

  snippet('send runs to W&B', ['tensorboard', 'wandb'], (interpreter) => {
    runHere(interpreter, [read!, wandb!], { WANDB_MODE: 'offline', WANDB_SILENT: 'true' });
    const kept = readdirSync(join(folder, 'wandb'), { recursive: true, encoding: 'utf8' })
      .filter((name) => /^offline-run-.*\.wandb$/.test(name))
      .map((name) => readFileSync(join(folder, 'wandb', name), 'latin1'));
    expect(kept).toHaveLength(results.runs.length);
    for (const { id } of results.runs) {
      const record = kept.find((text) => text.includes(id))!;
      expect(record).toContain('batchSize');
      expect(record).toContain('fc1/alpha');
      expect(record).toContain(String(lastAlpha(id)));
    }
  });
});
