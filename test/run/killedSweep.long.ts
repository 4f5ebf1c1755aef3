import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomStream } from '../../src/base/random/stream.ts';
import { resultsLayout } from '../../src/experiment/results/layout.ts';
import { experimentStatus } from '../../src/experiment/status/experimentStatus.ts';
import { verifyResults } from '../../src/experiment/status/verifyResults.ts';
import { writeConfig } from '../experiment/config/writtenConfig.ts';
import { endState } from './endState.ts';

/** KILLS and SEED of the environment do it in pieces. */
const KILLS = Number(process.env.KILLS ?? 200);
const SEED = Number(process.env.SEED ?? 1);
const root = fileURLToPath(new URL('../..', import.meta.url));
const MAIN = join(root, 'dist/cli/main.js');
const folder = mkdtempSync(join(tmpdir(), 'phasewatch-killed-'));
const whole = join(folder, 'whole');
const killed = join(folder, 'killed');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

// So small that most of a round is starting, reading, writing and analyzing, where a kill can do harm.
const config = writeConfig(
  `network:
  layers:
    - { type: flatten }
    - { type: dense, name: fc1, units: 24 }
    - { type: dense, name: fc2, units: 10, activation: linear }
dataset: mnist
trainImages: 600
testImages: 200
epochs: 3
sweep: { batchSize: [2, 20], seed: [1, 2] }
`,
  'killed.yaml',
);

/** Starts phasewatch as the leader of a process group, so that a signal can reach it and its children. */
function start(words: string[]): { child: ChildProcess; ended: Promise<number | null> } {
  const child = spawn(process.execPath, [MAIN, ...words, '--quiet'], { detached: true, stdio: 'ignore' });
  return { child, ended: new Promise((resolve) => child.on('exit', (code) => resolve(code))) };
}
const sweep = (out: string): string[] => ['run', config, '--out', out, '--jobs', '2'];

/** Returns the numbers of the processes whose parent is, or was, the leader of this group. */
function group(leader: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
        const [state, , groupId] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        return Number(groupId) === leader && state !== 'Z';
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** Names of what only a process at work may have: locks, drafts of locks, temporary files. */
function litter(dir: string): string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /(^|\/)\.lock|\.tmp$/.test(name),
  );
}

/** What is killed: the command, one of its children, or all of them. */
const VICTIMS = ['command', 'child', 'both'] as const;

/** How long what lost its parent may take to end. */
const ORPHAN_SECONDS = 60;

/** Waits until nothing of a process group is left. */
async function allGone(leader: number): Promise<void> {
  const late = performance.now() + 1000 * ORPHAN_SECONDS;
  while (group(leader).length > 0 && performance.now() < late) await sleep(20);
  expect(group(leader)).toEqual([]);
}

/** Returns the part of the runs that is not trained; 0: a kill now hits the analysis or the report. */
function untrained(dir: string): number {
  if (!existsSync(resultsLayout(dir).experiment)) return 1;
  const { runs } = experimentStatus(dir);
  return runs.filter(({ state }) => state !== 'done').length / runs.length;
}

function kill(leader: number, victim: (typeof VICTIMS)[number], choice: number): boolean {
  try {
    if (victim === 'both') process.kill(-leader, 'SIGKILL');
    else {
      const children = group(leader).filter((pid) => pid !== leader);
      const pid = victim === 'child' ? children[Math.floor(choice * children.length)] : leader;
      if (pid === undefined) return false;
      process.kill(pid, 'SIGKILL');
    }
    return true;
  } catch {
    return false;
  }
}

/** How long an undisturbed sweep takes. */
let sweepMs: number;
beforeAll(async () => {
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: root });
  const started = performance.now();
  expect(await start(sweep(whole)).ended).toBe(0);
  sweepMs = performance.now() - started;
}, 600_000);

describe('a sweep of four runs in two processes', () => {
  it(`killed ${KILLS} times at random moments ends as an undisturbed one, file by file`, async () => {
    const moments = randomStream(SEED, 'kill');
    const counts = { command: 0, child: 0, both: 0, trained: 0, rounds: 0 };
    const kills = (): number => counts.command + counts.child + counts.both;
    while (kills() < KILLS) {
      // Of the whole sweep at first, then of what is left, so that training, analysis and report are all hit.
      const left = 0.25 + 0.75 * untrained(killed);
      const { child, ended } = start(sweep(killed));
      const leader = child.pid!;
      const victim = VICTIMS[Math.floor(3 * moments.uniform())]!;
      const done = await Promise.race([
        ended.then(() => true),
        sleep(150 + left * sweepMs * moments.uniform()).then(() => false),
      ]);
      if (!done && kill(leader, victim, moments.uniform())) {
        counts[victim]++;
        if (untrained(killed) === 0) counts.trained++;
      }
      const code = await ended;
      // A child that lost its parent finishes its step and ends; nothing is left behind.
      await allGone(leader);
      if (!existsSync(resultsLayout(killed).experiment)) continue;
      if (code !== 0) {
        // What was killed goes on by the same command: it is not failed.
        const { runs } = experimentStatus(killed);
        expect(runs.filter(({ state }) => state === 'failed' || state === 'damaged')).toEqual([]);
      } else {
        expect(endState(killed)).toEqual(endState(whole));
        expect(litter(killed)).toEqual([]);
        counts.rounds++;
        rmSync(killed, { recursive: true });
      }
    }
    expect(await start(sweep(killed)).ended).toBe(0);
    console.log('killed', counts);
    expect(endState(killed)).toEqual(endState(whole));
    expect(litter(killed)).toEqual([]);
    expect(verifyResults(killed).problems).toEqual([]);
  });
});

describe('analysis and report', () => {
  it('killed at random moments end as undisturbed ones', async () => {
    const moments = randomStream(SEED, 'kill/analysis');
    const dir = join(folder, 'analysis');
    cpSync(killed, dir, { recursive: true });
    for (let kills = 0; kills < KILLS / 4; ) {
      if (kills % 2 === 0) {
        rmSync(join(dir, 'esd'), { recursive: true, force: true });
        rmSync(join(dir, 'spectra.csv'), { force: true });
      } else rmSync(join(dir, 'report.html'), { force: true });
      const { child, ended } = start([kills % 2 === 0 ? 'analyze' : 'report', dir]);
      const done = await Promise.race([
        ended.then(() => true),
        sleep(100 + 700 * moments.uniform()).then(() => false),
      ]);
      if (!done) process.kill(child.pid!, 'SIGKILL');
      await ended;
      kills++;
    }
    expect(await start(['analyze', dir]).ended).toBe(0);
    expect(await start(['report', dir]).ended).toBe(0);
    expect(endState(dir)).toEqual(endState(whole));
    const html = (of: string): string => readFileSync(join(of, 'report.html'), 'utf8');
    expect(html(dir) === html(killed)).toBe(true);
    expect(litter(dir)).toEqual([]);
  });
});
