import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { readSpectraCsv } from '../../src/experiment/results/csvFiles.ts';
import { resultsLayout } from '../../src/experiment/results/layout.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const PEERS = join(homedir(), '.cache/phasewatch/peers/training/bin/python');
const python = [process.env.PHASEWATCH_TORCH_PYTHON, PEERS, 'python3'].find(
  (path) => path !== undefined && spawnSync(path, ['-c', 'import torch']).status === 0,
);
const folder = mkdtempSync(join(tmpdir(), 'phasewatch-torch-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(python === undefined)('a loop of PyTorch', () => {
  it('is watched while it trains: all its epochs are analyzed, most before it ends', async () => {
    const checkpoints = join(folder, 'checkpoints');
    const out = join(folder, 'out');
    mkdirSync(checkpoints);
    const words = ['--import', 'tsx', 'src/cli/main.ts', 'watch', checkpoints, '--out', out, '--port', '0'];
    const watching = spawn(process.execPath, words, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = new Promise((resolve) => watching.on('exit', resolve));
    const url = await new Promise<string>((resolve) => {
      watching.stdout!.on('data', (text: Buffer) => resolve(/http:\S+/.exec(text.toString())![0]));
    });
    const epochs = 20;
    const training = spawn(
      python!,
      [join(root, 'test/analyze/torchTraining.py'), checkpoints, String(epochs)],
      {
        stdio: 'inherit',
      },
    );
    let trains = true;
    const trained = new Promise((resolve) => training.on('exit', resolve)).then((code) => {
      trains = false;
      return code;
    });
    const { spectra } = resultsLayout(out);
    const rows = () => (existsSync(spectra) ? readSpectraCsv(spectra) : []);
    let meanwhile = 0;
    while (new Set(rows().map(({ epoch }) => epoch)).size <= epochs) {
      if (trains) meanwhile = rows().length;
      await sleep(200);
    }
    expect(await trained).toBe(0);
    expect(meanwhile).toBeGreaterThan(0);
    const layers = new Set(rows().map(({ layer }) => layer));
    expect(rows()).toHaveLength(layers.size * (epochs + 1));
    expect(rows().every(({ phase }) => phase !== null)).toBe(true);
    // The page says so after the look that has analyzed the last one.
    await expect
      .poll(async () => /\d+ checkpoints, the last of epoch \d+/.exec(await (await fetch(url)).text())?.[0], {
        timeout: 60_000,
      })
      .toBe('21 checkpoints, the last of epoch 20');
    watching.kill('SIGINT');
    expect(await ended).toBe(0);
  });
});
