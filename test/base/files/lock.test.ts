import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type LockHolder, takeLock } from '../../../src/base/files/lock.ts';

let folder: string;
let lock: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'phasewatch-lock-'));
  lock = join(folder, '.lock');
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

/** Makes the clock that locks are watched by so many times as fast. */
function hasten(times: number): void {
  const now = performance.now.bind(performance);
  const start = now();
  vi.spyOn(performance, 'now').mockImplementation(() => start + times * (now() - start));
}

const holder = (changes: Partial<LockHolder>): string =>
  JSON.stringify({ pid: process.pid, process_start: '1', host: hostname(), since: 'then', ...changes });

test('is held by one at a time, in turn', async () => {
  let inside = 0;
  const order: number[] = [];
  await Promise.all(
    [0, 1, 2].map(async (i) => {
      const release = await takeLock(folder);
      expect(++inside).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, 20));
      inside--;
      order.push(i);
      release();
    }),
  );
  expect(order.sort()).toEqual([0, 1, 2]);
  expect(readdirSync(folder)).toEqual([]);
});

test('of a dead process, or of an earlier one with the same number, is broken', async () => {
  for (const dead of [{ pid: 2 ** 30, process_start: '1' }, { process_start: 'another' }]) {
    writeFileSync(lock, holder(dead));
    const release = await takeLock(folder, { onWait: () => expect.fail('must not wait') });
    expect(JSON.parse(readFileSync(lock, 'utf8')).pid).toBe(process.pid);
    release();
    expect(existsSync(lock)).toBe(false);
  }
});

test.each([
  { host: 'another-node', pid: 7 },
  // Two containers that share the name of their host.
  { space: '0a1b2c3d', pid: 7 },
])('of another machine stands while its heartbeat is fresh: %o', async (elsewhere) => {
  writeFileSync(lock, holder(elsewhere));
  const controller = new AbortController();
  const waited: LockHolder[] = [];
  const taking = takeLock(folder, {
    signal: controller.signal,
    onWait: (other) => {
      waited.push(other);
      controller.abort();
    },
  });
  await expect(taking).rejects.toThrow(/abort/i);
  expect(waited).toMatchObject([elsewhere]);
});

const ELSEWHERE = { host: 'another-node', pid: 7 };
const HOURS = 3_600_000;
const setTime = (ms: number): void => utimesSync(lock, new Date(ms), new Date(ms));

test.each([-9 * HOURS, -600_000, 600_000, 9 * HOURS])(
  'of another machine whose heartbeat is off by %d ms is watched for some seconds, and broken where nothing moves',
  async (off) => {
    writeFileSync(lock, holder(ELSEWHERE));
    setTime(Date.now() + off);
    hasten(100);
    const said: string[] = [];
    const release = await takeLock(folder, {
      onWait: () => expect.fail('nobody holds it'),
      onDoubt: (message) => said.push(message),
    });
    release();
    expect(said).toEqual([
      `waiting: process 7 on another-node, which holds ${lock}, is silent; it is taken away if it stays as it is for 30 s`,
    ]);
  },
);

test.each([-9 * HOURS, 9 * HOURS])(
  'of another machine whose clock is off by %d ms stands as long as its heartbeat goes on',
  async (off) => {
    writeFileSync(lock, holder(ELSEWHERE));
    let beats = 0;
    const beat = (): void => setTime(Date.now() + off + 10_000 * beats++);
    beat();
    const beating = setInterval(beat, 100);
    hasten(100);
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 2500);
    const waited: LockHolder[] = [];
    const taking = takeLock(folder, { signal: controller.signal, onWait: (other) => waited.push(other) });
    await expect(taking).rejects.toThrow(/abort/i);
    clearInterval(beating);
    expect(waited).toMatchObject([ELSEWHERE]);
    expect(JSON.parse(readFileSync(lock, 'utf8')).host).toBe('another-node');
  },
);

test('beats by the clock of the file system, and over no lock but its own', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'], now: Date.now() - 9 * HOURS });
  const release = await takeLock(folder);
  setTime(0);
  vi.advanceTimersByTime(10_000);
  vi.useRealTimers();
  expect(Math.abs(Date.now() - statSync(lock).mtimeMs)).toBeLessThan(HOURS);
  rmSync(lock);
  writeFileSync(lock, holder(ELSEWHERE));
  release();
  expect(JSON.parse(readFileSync(lock, 'utf8')).host).toBe('another-node');
});

const NOT_LOCKS: Record<string, (path: string) => void> = {
  empty: (path) => writeFileSync(path, ''),
  'cut off': (path) => writeFileSync(path, holder({}).slice(0, 20)),
  'of another shape': (path) => writeFileSync(path, '[1, 2]'),
  'without a process': (path) => writeFileSync(path, holder({ pid: 0 })),
  folder: (path) => mkdirSync(path),
  link: (path) => symlinkSync('nowhere', path),
  pipe: (path) => execFileSync('mkfifo', [path]),
};

test('that cannot be read is told of, watched asleep for some seconds, and broken', async () => {
  const taken = Object.entries(NOT_LOCKS).map(async ([name, make]) => {
    const own = join(folder, name);
    mkdirSync(own);
    make(join(own, '.lock'));
    const said: string[] = [];
    const release = await takeLock(own, {
      onWait: () => expect.fail('nobody holds it'),
      onDoubt: (message) => said.push(message),
    });
    expect(said).toEqual([expect.stringContaining(`${own}/.lock is no lock of phasewatch`)]);
    expect(JSON.parse(readFileSync(join(own, '.lock'), 'utf8')).pid).toBe(process.pid);
    release();
    expect(readdirSync(own)).toEqual([]);
  });
  // All wait at the same time: none of them spins.
  await Promise.all(taken);
});

test('that cannot be read is no longer waited for at an interrupt', async () => {
  writeFileSync(lock, '');
  const controller = new AbortController();
  const taking = takeLock(folder, { signal: controller.signal, onDoubt: () => controller.abort() });
  await expect(taking).rejects.toThrow(/abort/i);
  expect(readdirSync(folder)).toEqual(['.lock']);
});

test('gives way to no folder that holds files', async () => {
  mkdirSync(lock);
  writeFileSync(join(lock, 'precious'), '');
  await expect(takeLock(folder)).rejects.toThrow(
    /must be a lock of phasewatch, got a folder with files in it/,
  );
  expect(readdirSync(lock)).toEqual(['precious']);
});

test("that was broken and is another one's by now is not taken from that one", async () => {
  const release = await takeLock(folder);
  writeFileSync(lock, holder({ pid: 7, host: 'another-node' }));
  release();
  expect(JSON.parse(readFileSync(lock, 'utf8')).host).toBe('another-node');
});
