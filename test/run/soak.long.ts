import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { writeConfig } from '../experiment/config/writtenConfig.ts';

const RUNS = 300;
const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'phasewatch-soak-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const config = writeConfig(
  `network:
  layers:
    - { type: flatten }
    - { type: dense, name: fc1, units: 16 }
    - { type: dense, name: fc2, units: 10, activation: linear }
dataset: mnist
trainImages: 200
testImages: 100
batchSize: 20
epochs: 1
sweep: { seed: [${Array.from({ length: RUNS }, (_, seed) => seed).join(', ')}] }
`,
  'soak.yaml',
);

/** What a process held when so many runs had begun. */
interface Sample {
  runs: number;
  seconds: number;
  descriptors: number;
  residentMegabytes: number;
}

it(`${RUNS} runs in one process hold no more descriptors and memory at their end than after the first third`, async () => {
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: root });
  const out = join(folder, 'soak');
  const words = ['train', config, '--out', out, '--jobs', '1', '--threads', '1', '--quiet'];
  const child = spawn(process.execPath, [join(root, 'dist/cli/main.js'), ...words], { stdio: 'ignore' });
  const ended = new Promise<number | null>((resolve) => child.on('exit', (code) => resolve(code)));
  const started = performance.now();
  const samples: Sample[] = [];
  while (child.exitCode === null && child.signalCode === null) {
    await sleep(200);
    try {
      const descriptors = readdirSync(`/proc/${child.pid}/fd`).length;
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
      const runs = readdirSync(join(out, 'runs')).length;
      const residentMegabytes = Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)![1]) / 1024);
      samples.push({ runs, seconds: (performance.now() - started) / 1000, descriptors, residentMegabytes });
    } catch {
      // not begun, or just ended
    }
  }
  expect(await ended).toBe(0);
  const third = (n: number): Sample[] =>
    samples.filter(({ runs }) => runs > (n * RUNS) / 3 && runs <= ((n + 1) * RUNS) / 3);
  const most = (key: 'descriptors' | 'residentMegabytes', of: Sample[]): number =>
    of.reduce((most, sample) => Math.max(most, sample[key]), 0);
  for (const n of [0, 1, 2]) {
    const part = third(n);
    console.log(
      `runs ${(n * RUNS) / 3 + 1} to ${((n + 1) * RUNS) / 3}: ${most('descriptors', part)} descriptors, ` +
        `${most('residentMegabytes', part)} MB, ${(part.at(-1)!.seconds - part[0]!.seconds).toFixed(1)} s`,
    );
  }
  expect(most('descriptors', third(2))).toBeLessThanOrEqual(most('descriptors', third(0)) + 2);
  expect(most('residentMegabytes', third(2))).toBeLessThan(1.15 * most('residentMegabytes', third(0)));
});
