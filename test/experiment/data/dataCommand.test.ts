import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import yargs from 'yargs';
import { dataCommand } from '../../../src/cli/data.ts';

let cache: string;
let printed: { stdout: string; stderr: string };
beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'cache-'));
  vi.stubEnv('PHASEWATCH_CACHE', cache);
  printed = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      printed[name] += text;
      return true;
    });
  }
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  rmSync(cache, { recursive: true });
});

async function phasewatch(...words: string[]): Promise<void> {
  await yargs(words)
    .options({ json: { type: 'boolean', default: false }, quiet: { type: 'boolean', default: false } })
    .strict()
    .exitProcess(false)
    .fail((message, error) => {
      throw error ?? new Error(message);
    })
    .command(dataCommand)
    .parseAsync();
}

it('lists what is here and how to get the rest', async () => {
  await phasewatch('data', 'list', '--json');
  expect(JSON.parse(printed.stdout)).toMatchObject({
    datasets: [
      { name: 'mnist', present: true, remedy: null },
      ...['fashionMnist', 'cifar10', 'cifar100'].map((name) => ({
        name,
        present: false,
        folder: join(cache, 'data', name),
        remedy: `phasewatch data fetch ${name}`,
      })),
    ],
  });
});

it('verifies what is here and remarks what is not', async () => {
  await phasewatch('data', 'verify');
  expect(printed.stdout).toMatch(
    /^mnist: 60 000 training and 10 000 test images in .*\n {2}layout, labels and official/,
  );
  expect(printed.stderr.trim().split('\n')).toEqual(
    ['fashionMnist', 'cifar10', 'cifar100'].map(
      (name) => `${name} is not here: phasewatch data fetch ${name}`,
    ),
  );
});

it('fails where the named data set is not here', async () => {
  await expect(phasewatch('data', 'verify', 'cifar10')).rejects.toThrow(
    /cifar10 must lie in .*, got no data_batch_1/,
  );
});

it.each([
  [
    ['data', 'verify', 'cifar'],
    'unknown data set: cifar (known: mnist, fashionMnist, cifar10, cifar100) (did you mean',
  ],
  [
    ['data', 'import', 'mnist', '--from', 'x'],
    'data import takes fashionMnist, cifar10, cifar100, got mnist',
  ],
  [
    ['data', 'import', 'cifar10', '--from', 'nowhere'],
    '--from must be a folder or an archive, got none at nowhere',
  ],
  [['data'], 'data needs an action'],
])('refuses %s', async (words, message) => {
  await expect(phasewatch(...words)).rejects.toThrow(message);
});
