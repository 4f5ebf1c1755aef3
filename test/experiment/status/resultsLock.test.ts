import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { temporaryPath } from '../../../src/base/files/atomicWrite.ts';
import { processStart } from '../../../src/base/files/processes.ts';
import { resultsLayout } from '../../../src/experiment/results/layout.ts';
import { lockResults, lockSpectra } from '../../../src/experiment/status/resultsLock.ts';

const DEAD = 2 ** 30;
const dir = mkdtempSync(join(tmpdir(), 'phasewatch-results-lock-'));
afterAll(() => rmSync(dir, { recursive: true }));

it('takes away what processes that were killed when their runs were done have left, and nothing of the living', async () => {
  const holder = (pid: number, host: string): string =>
    JSON.stringify({ pid, process_start: processStart(pid), host, since: 'then' });
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

it('takes away what a child that was killed while it wrote spectra.csv has left, while its command goes on', async () => {
  const layout = resultsLayout(join(dir, 'spectra'));
  mkdirSync(layout.dir);
  const [dead, alive] = [DEAD, process.pid].map((pid) => temporaryPath(layout.spectra, pid));
  for (const path of [dead, alive]) writeFileSync(path!, 'run');
  (await lockSpectra(layout, { onWait: () => expect.fail('nobody holds them') }))();
  expect(readdirSync(layout.dir).filter((name) => name.endsWith('.tmp'))).toEqual([basename(alive!)]);
});
