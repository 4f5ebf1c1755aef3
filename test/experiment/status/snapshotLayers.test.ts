import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { RunConfig } from '../../../src/experiment/config/schema.ts';
import { parseRunConfig } from '../../../src/experiment/config/schema.ts';
import { runLayout } from '../../../src/experiment/results/layout.ts';
import { layersLacking } from '../../../src/experiment/status/snapshotLayers.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'layers-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

const config = (snapshots: object): RunConfig =>
  parseRunConfig({ network: 'lenet5', dataset: 'mnist', epochs: 3, snapshots });
const lacking = (stored: object, wanted: object): string | null =>
  layersLacking(runLayout(dir), { stored: config(stored), epochs: 3 }, config(wanted));

it('asks for layers that the snapshots have, by name or as those of the network', () => {
  expect(lacking({}, {})).toBe(null);
  expect(lacking({}, { layers: ['fc1'] })).toBe(null);
  expect(lacking({ layers: ['fc1', 'fc2'] }, { layers: ['fc1'] })).toBe(null);
  expect(lacking({ layers: ['fc2', 'fc1'] }, {})).toBe(null);
});

it('says what was kept where a layer was not', () => {
  expect(lacking({}, { layers: ['conv1', 'fc1', 'fc2'] })).toBe(
    'must hold conv1, fc2, got fc1, and no other parameters were kept (snapshots.network was false)',
  );
  expect(lacking({ layers: ['fc2'] }, {})).toMatch(/^must hold fc1, got fc2,/);
});

it('says which parameters are gone, of the epochs that were taken', () => {
  const files = runLayout(dir);
  mkdirSync(files.snapshots);
  const stored = { network: true, every: 2, keep: 'last' };
  const keep = (epoch: number): void => {
    for (const path of [files.snapshot(epoch), files.networkSnapshot(epoch)]) writeFileSync(path, '');
  };
  keep(3);
  expect(lacking(stored, { layers: ['fc2'] })).toBe(
    'must hold fc2, got fc1, and the parameters of epochs 0 2 are gone (snapshots.keep was last)',
  );
  keep(0);
  keep(2);
  expect(lacking(stored, { layers: ['fc2'] })).toBe(null);
});
