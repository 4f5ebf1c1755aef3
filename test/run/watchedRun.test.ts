import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { writeConfig } from '../experiment/config/writtenConfig.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'phasewatch-watched-run-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const config = writeConfig(
  `network:
  layers:
    - { type: flatten }
    - { type: dense, name: fc1, units: 16 }
    - { type: dense, name: fc2, units: 10, activation: linear }
dataset: mnist
trainImages: 20000
testImages: 100
batchSize: 2
epochs: 6
`,
  'watched.yaml',
);

/** Starts phasewatch, and returns its address when it tells one and how it ends. */
function start(words: string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', ...words], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const url = new Promise<string>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (text: Buffer) => {
        const found = /http:\S+/.exec(text.toString());
        if (found !== null) resolve(found[0]);
      });
    }
  });
  return { child, url, ended: new Promise((resolve) => child.on('exit', resolve)) };
}

describe('run --watch', () => {
  it('serves the page while it trains, tells the end of it, and ends with the run', async () => {
    const { url, ended } = start(['run', config, '--out', join(folder, 'out'), '--watch']);
    const response = await fetch(`${await url}events`);
    let said = '';
    for await (const chunk of response.body!) said += Buffer.from(chunk).toString('utf8');
    expect(await ended).toBe(0);
    expect(said).toContain('event: page');
    expect(said).toMatch(/"state":"running","epoch":\d,"epochs":6/);
    expect(said).toContain('"state":"done","epoch":6');
  });
});

describe('watch', () => {
  it.each(['results still to come', 'checkpoints'])(
    'of %s ends with Ctrl-C, by exit code 0',
    async (kind) => {
      const dir = kind === 'checkpoints' ? mkdtempSync(join(folder, 'checkpoints-')) : join(folder, 'none');
      const { child, url, ended } = start(['watch', dir, '--port', '0']);
      expect(await (await fetch(await url)).text()).toContain('id="progress"');
      child.kill('SIGINT');
      expect(await ended).toBe(0);
    },
  );

  it('of checkpoints leaves no temporary folder where the terminal goes, nor those of watches that were killed', async () => {
    const temporary = mkdtempSync(join(folder, 'tmp-'));
    const dir = mkdtempSync(join(folder, 'checkpoints-'));
    const watches = (): string[] => readdirSync(temporary).filter((name) => name.includes('-watch-'));
    for (const signal of ['SIGKILL', 'SIGHUP'] as const) {
      const { child, url, ended } = start(['watch', dir, '--port', '0'], { TMPDIR: temporary });
      await url;
      expect(watches()).toHaveLength(1);
      child.kill(signal);
      expect(await ended).toBe(signal === 'SIGHUP' ? 0 : null);
    }
    expect(watches()).toEqual([]);
  });
});
