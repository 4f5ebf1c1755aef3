import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import type { Provenance } from '../../src/experiment/results/provenance.ts';

const RESULTS = fileURLToPath(new URL('../../results', import.meta.url));

it('names no folder of a machine in what is recorded of the published runs', () => {
  const files = readdirSync(RESULTS, { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('provenance.json'),
  );
  expect(files.length).toBeGreaterThan(70);
  const named = files.filter((path) => {
    const { sessions } = JSON.parse(readFileSync(join(RESULTS, path), 'utf8')) as Provenance;
    const words = sessions.flatMap(({ command, config_file, overrides }) =>
      [command, config_file, ...overrides].flatMap((text) => text.split(/[\s=]/)),
    );
    return words.some((word) => /^(\/|~|\.\.\/)/.test(word));
  });
  expect(named).toEqual([]);
});
