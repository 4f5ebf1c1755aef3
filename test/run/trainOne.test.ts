import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { parseRunConfig } from '../../src/experiment/config/schema.ts';
import type { ChildTask } from '../../src/run/childMessages.ts';

const folder = mkdtempSync(join(tmpdir(), 'phasewatch-train-one-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('a process that cannot train ends, though its parent still listens', async () => {
  const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
  const child = fork(main, ['train-one'], {
    execArgv: ['--import', 'tsx'],
    env: { ...process.env, PHASEWATCH_ENGINE: join(folder, 'nowhere') },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let said = '';
  child.stderr!.on('data', (text) => {
    said += text;
  });
  const task: ChildTask = {
    run: 'a',
    dir: join(folder, 'a'),
    config: parseRunConfig({ network: 'lenet5', dataset: 'mnist' }),
    source: { config_file: 'a.yaml', overrides: [], command: 'run a.yaml' },
    threads: 1,
    device: null,
    gpuMemory: null,
  };
  child.send({ type: 'task', task });
  expect(await new Promise((resolve) => child.on('exit', resolve))).toBe(2);
  expect(said).toMatch(/^phasewatch: PHASEWATCH_ENGINE must be the folder of an installed engine/);
});
