import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { configJsonSchema, configMarkdown } from '../../../scripts/configReference.ts';
import { RUN_KEYS } from '../../../src/experiment/config/experimentSchema.ts';
import { loadExperiment } from '../../../src/experiment/sweep/loadExperiment.ts';
import { writeConfig } from './writtenConfig.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const read = (path: string): string => readFileSync(root + path, 'utf8');

describe('docs/reference/config.md', () => {
  it('is what the schema gives (npm run reference)', () => {
    expect(read('docs/reference/config.md')).toBe(configMarkdown());
  });

  it('describes every key', () => {
    const rows = configMarkdown()
      .split('\n')
      .filter((line) => line.startsWith('| `'));
    for (const key of RUN_KEYS.keys()) {
      const row = rows.find((line) => line.startsWith(`| \`${key}\` |`));
      if (key !== 'network.layers') expect(row, key).toMatch(/\| \S[^|]* \|$/);
    }
  });

  it('has sweeps that load, with the ids it names', () => {
    const blocks = [...configMarkdown().matchAll(/(?:^ {4}.*\n)+/gm)].map(([block]) => block!);
    const sweeps = blocks.filter((block) => block.startsWith('    sweep:'));
    const ids = sweeps.map((block) =>
      loadExperiment(
        writeConfig(`network: lenet5\ndataset: mnist\n${block.replace(/^ {4}/gm, '')}`),
      ).runs.map(({ id }) => id),
    );
    expect(ids.map(({ length }) => length)).toEqual([12, 6]);
    expect(configMarkdown()).toContain(`makes 12 runs, from \`${ids[0]![0]}\` on`);
    const network = blocks.find((block) => block.startsWith('    network:'))!.replace(/^ {4}/gm, '');
    expect(loadExperiment(writeConfig(`dataset: mnist\n${network}`)).runs).toHaveLength(1);
  });
});

describe('schemas/config.schema.json', () => {
  const published = JSON.parse(read('schemas/config.schema.json'));
  const pointed = (pointer: string): unknown =>
    pointer
      .split('/')
      .slice(1)
      .reduce((value, key) => value[key], published);
  /** zod's reader follows references to definitions only. */
  const resolve = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(resolve);
    if (value === null || typeof value !== 'object') return value;
    if ('$ref' in value) return resolve(pointed(value.$ref as string));
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, resolve(inner)]));
  };
  const validator = z.fromJSONSchema(resolve(published) as Parameters<typeof z.fromJSONSchema>[0]);
  const accepts = (config: unknown): boolean => validator.safeParse(config).success;

  it('is what the schema gives (npm run reference)', () => {
    expect(published).toEqual(JSON.parse(JSON.stringify(configJsonSchema())));
  });

  it.each(readdirSync(`${root}configs`))('takes configs/%s', (file) => {
    expect(accepts(parse(read(`configs/${file}`)))).toBe(true);
  });

  it.each<[string, object]>([
    ['an unknown key', { bathSize: 3 }],
    ['an unknown key inside', { optimizer: { mometum: 0.5 } }],
    ['a wrong type', { epochs: 'many' }],
    ['an impossible value', { learningRate: 0 }],
    ['a sweep that is no list', { sweep: { batchSize: 3 } }],
    ['a sweep of wrong values', { sweep: { 'optimizer.momentum': [2] } }],
    ['an unknown swept key', { sweep: { momentum: [0.5] } }],
    ['an unknown key of an include', { sweep: { include: [{ batch: 3 }] } }],
    ['a layer without units', { network: { layers: [{ type: 'dense', name: 'a' }] } }],
  ])('refuses %s, as the loader does', (_, changes) => {
    const config = { network: 'lenet5', dataset: 'mnist', ...changes };
    expect(accepts({ network: 'lenet5', dataset: 'mnist' })).toBe(true);
    expect(accepts(config)).toBe(false);
    expect(() => loadExperiment(writeConfig(JSON.stringify(config)))).toThrow();
  });
});
