import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { isAlive } from '../../src/base/files/processes.ts';
import type { RunEvent } from '../../src/experiment/status/runEvents.ts';
import { AnalyzerProcess } from '../../src/run/analyzerProcess.ts';

const program = fileURLToPath(new URL('./fakeAnalyzer.mjs', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'phasewatch-analyzer-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let events: RunEvent[] = [];
afterEach(() => {
  events = [];
});

function start(name: string): { dir: string; analyzer: AnalyzerProcess } {
  const dir = join(folder, name);
  mkdirSync(dir, { recursive: true });
  return { dir, analyzer: new AnalyzerProcess(dir, program, (event) => events.push(event)) };
}

/** What the process wrote when it heard of a run: its number and its priority. */
async function heard(dir: string, run: string): Promise<{ pid: number; priority: number }> {
  while (!existsSync(join(dir, run)) || readFileSync(join(dir, run), 'utf8') === '') await sleep(5);
  const [pid, priority] = readFileSync(join(dir, run), 'utf8').split(' ').map(Number);
  return { pid: pid!, priority: priority! };
}

describe('AnalyzerProcess', () => {
  it('starts one process, below all others, and ends it', async () => {
    const { dir, analyzer } = start('one');
    analyzer.take('first');
    analyzer.take('second');
    const { pid, priority } = await heard(dir, 'first');
    if (process.platform === 'linux') expect(priority).toBe(19);
    expect((await heard(dir, 'second')).pid).toBe(pid);
    await analyzer.stop();
    expect(isAlive(pid)).toBe(false);
    expect(events).toEqual([]);
  });

  it('is started again with the next snapshot where it was killed', async () => {
    const { dir, analyzer } = start('killed');
    analyzer.take('before');
    const { pid } = await heard(dir, 'before');
    await sleep(50);
    process.kill(pid, 'SIGKILL');
    for (let i = 0; !existsSync(join(dir, `after-${i - 1}`)); i++) {
      analyzer.take(`after-${i}`);
      await sleep(20);
    }
    await analyzer.stop();
    expect(events).toEqual([]);
  });

  it('that cannot work is told of once, and not started again', async () => {
    const { analyzer } = start('broken');
    analyzer.take('a');
    while (events.length === 0) await sleep(5);
    analyzer.take('b');
    await analyzer.stop();
    expect(events).toEqual([
      {
        type: 'note',
        message: 'no spectra while the runs train: their analysis ended with exit code 3: cannot be',
      },
    ]);
  });

  it('says which run is left to the analysis at the end', async () => {
    const { analyzer } = start('doubtful');
    analyzer.take('doubtful');
    while (events.length === 0) await sleep(5);
    await analyzer.stop();
    expect(events).toEqual([
      { type: 'note', message: 'spectra of run doubtful come when the training has ended: no spectrum' },
    ]);
  });

  it('that does not end is killed', async () => {
    const { dir, analyzer } = start('deaf');
    analyzer.take('deaf');
    const { pid } = await heard(dir, 'deaf');
    await analyzer.stop(50);
    expect(isAlive(pid)).toBe(false);
  });
});
