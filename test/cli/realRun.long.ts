import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { readSpectraCsv } from '../../src/experiment/results/csvFiles.ts';
import { resultsLayout } from '../../src/experiment/results/layout.ts';
import { SPECTRUM_COLUMNS } from '../../src/spectra/columns.ts';
import { locateEngine } from '../../src/train/engine/locateEngine.ts';
import { writeConfig } from '../experiment/config/writtenConfig.ts';
import { phasewatch } from './phasewatchProcess.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'phasewatch-real-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const config = writeConfig(
  `network:
  layers:
    - { type: flatten }
    - { type: dense, name: fc1, units: 40 }
    - { type: dense, name: fc2, units: 10, activation: linear }
dataset: mnist
trainImages: 2000
testImages: 200
epochs: 3
sweep: { batchSize: [10, 100] }
`,
  'real.yaml',
);
const run = (out: string, ...words: string[]) => ['run', config, '--out', out, '--threads', '1', ...words];
const lastSnapshot = (out: string, id: string): string =>
  createHash('sha256')
    .update(readFileSync(resultsLayout(out).run(id).snapshot(3)))
    .digest('hex');

/** Starts phasewatch, and waits until its first run has begun. */
async function startRun(
  out: string,
  words: string[],
): Promise<{ child: ChildProcess; ended: Promise<number | null> }> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', ...words], {
    cwd: root,
    stdio: 'ignore',
  });
  const ended = new Promise<number | null>((resolve) => child.on('exit', (code) => resolve(code)));
  const begun = (): boolean => existsSync(resultsLayout(out).run('b=10').status);
  while (!begun() && child.exitCode === null && child.signalCode === null) await sleep(20);
  expect(begun()).toBe(true);
  return { child, ended };
}

describe.runIf(locateEngine() !== null)('run, with the native engine', () => {
  const whole = join(folder, 'whole');

  it('trains, analyzes and reports, and prints one JSON document', async () => {
    const { code, stdout } = await phasewatch(run(whole, '--json'));
    expect(code).toBe(0);
    const { runs, layers, report, interrupted } = JSON.parse(stdout);
    expect(
      runs.map(({ run, state, epoch, trained }: Record<string, unknown>) => [run, state, epoch, trained]),
    ).toEqual([
      ['b=10', 'done', 3, true],
      ['b=100', 'done', 3, true],
    ]);
    expect(layers).toHaveLength(8);
    expect(Object.keys(layers[0])).toEqual(
      expect.arrayContaining(SPECTRUM_COLUMNS.map(([column]) => column)),
    );
    expect(layers).toEqual(readSpectraCsv(resultsLayout(whole).spectra));
    expect(interrupted).toBe(false);
    expect(readFileSync(report, 'utf8')).toMatch(/^<!doctype html>/i);
  });

  it('trains nothing the second time and says so; all its files fit', async () => {
    const { code, stdout } = await phasewatch(run(whole));
    expect(code).toBe(0);
    expect(stdout).toContain('Nothing to train: all 2 runs were finished before.');
    const verified = await phasewatch(['verify', whole, '--json']);
    expect(JSON.parse(verified.stdout)).toMatchObject({ problems: [], remarks: [] });
  });

  it('refuses a folder in use, and ends at Ctrl-C with 130', async () => {
    const out = join(folder, 'interrupted');
    const words = run(out, '--set', 'epochs=1000', '--quiet');
    const first = await startRun(out, words);
    try {
      const second = await phasewatch(words);
      expect(second.code).toBe(2);
      expect(second.stderr).toContain(`results folder must not be in use, got ${out}`);
    } finally {
      first.child.kill('SIGINT');
      await first.ended;
    }
    expect(await first.ended).toBe(130);
  });

  it('goes on after Ctrl-C to the same bytes', async () => {
    const out = join(folder, 'goes-on');
    const { child, ended } = await startRun(out, run(out, '--quiet'));
    child.kill('SIGINT');
    await ended;
    expect((await phasewatch(run(out, '--quiet'))).code).toBe(0);
    for (const id of ['b=10', 'b=100']) expect(lastSnapshot(out, id)).toBe(lastSnapshot(whole, id));
  });

  it('gives the same bytes from processes side by side', async () => {
    const out = join(folder, 'side-by-side');
    expect((await phasewatch(run(out, '--quiet', '--jobs', '2'))).code).toBe(0);
    for (const id of ['b=10', 'b=100']) expect(lastSnapshot(out, id)).toBe(lastSnapshot(whole, id));
  });

  it('refuses results of other settings, and changes nothing', async () => {
    const before = readFileSync(resultsLayout(whole).experiment);
    const { code, stderr } = await phasewatch(run(whole, '--set', 'learningRate=0.5'));
    expect(code).toBe(2);
    expect(stderr).toContain('learningRate 0.01 where the config has 0.5');
    expect(readFileSync(resultsLayout(whole).experiment)).toEqual(before);
  });
});
