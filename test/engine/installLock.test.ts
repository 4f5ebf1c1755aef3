import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type LockHolder, takeInstallLock } from '../../src/engine/installLock.ts';

let folder: string;
let lock: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'phasewatch-lock-'));
  lock = join(folder, '.lock');
});
afterEach(() => rmSync(folder, { recursive: true }));

const holder = (changes: Partial<LockHolder>): string =>
  JSON.stringify({ pid: process.pid, process_start: '1', host: hostname(), since: 'then', ...changes });

test('is held by one at a time, in turn', async () => {
  let inside = 0;
  const order: number[] = [];
  await Promise.all(
    [0, 1, 2].map(async (i) => {
      const release = await takeInstallLock(folder);
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
    const release = await takeInstallLock(folder, { onWait: () => expect.fail('must not wait') });
    expect(JSON.parse(readFileSync(lock, 'utf8')).pid).toBe(process.pid);
    release();
    expect(existsSync(lock)).toBe(false);
  }
});

test('of another machine stands while its heartbeat is fresh, and is broken when it is silent', async () => {
  writeFileSync(lock, holder({ host: 'another-node', pid: 7 }));
  const controller = new AbortController();
  const waited: LockHolder[] = [];
  const taking = takeInstallLock(folder, {
    signal: controller.signal,
    onWait: (other) => {
      waited.push(other);
      controller.abort();
    },
  });
  await expect(taking).rejects.toThrow(/abort/i);
  expect(waited).toMatchObject([{ host: 'another-node', pid: 7 }]);

  const longAgo = new Date(Date.now() - 600_000);
  utimesSync(lock, longAgo, longAgo);
  (await takeInstallLock(folder, { onWait: () => expect.fail('must not wait') }))();
});
