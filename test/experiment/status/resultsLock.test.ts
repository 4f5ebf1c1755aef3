import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { temporaryPath } from '../../../src/base/files/atomicWrite.ts';
import { processStart } from '../../../src/base/files/processes.ts';
import { lockResults } from '../../../src/experiment/status/resultsLock.ts';

const dir = mkdtempSync(join(tmpdir(), 'phasewatch-results-lock-'));
afterAll(() => rmSync(dir, { recursive: true }));

it('takes away what processes that were killed when their runs were done have left, and nothing of the living', async () => {
  const holder = (pid: number, host: string): string =>
    JSON.stringify({ pid, process_start: processStart(pid), host, since: 'then' });
  const DEAD = 2 ** 30;
  const holders = {
    dead: holder(DEAD, hostname()),
    alive: holder(process.pid, hostname()),
    elsewhere: holder(DEAD, 'another-node'),
  };
  for (const [name, text] of Object.entries(holders)) {
    const run = join(dir, 'runs', name);
    mkdirSync(run, { recursive: true });
    for (const lock of ['.lock', '.claim']) writeFileSync(join(run, lock), text);
    writeFileSync(temporaryPath(join(run, 'status.json'), DEAD), '{');
  }
  writeFileSync(join(dir, 'runs', 'no folder'), '');
  (await lockResults(dir, { onWait: () => expect.fail('nobody is at work in it') }))();
  expect(readdirSync(join(dir, 'runs/dead'))).toEqual([]);
  for (const run of ['alive', 'elsewhere']) expect(readdirSync(join(dir, 'runs', run))).toHaveLength(3);
});
