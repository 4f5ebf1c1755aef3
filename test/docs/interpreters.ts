import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { it } from 'vitest';
import { cacheFolder } from '../../src/base/files/cacheFolder.ts';

const MINUTES = 60_000;

/** The one asked for, the system's Python, and those that `npm run bench -- --peers` makes. */
const interpreters = [
  ...(process.env.PHASEWATCH_PYTHON === undefined ? [] : [process.env.PHASEWATCH_PYTHON]),
  'python3',
  ...['weightwatcher', 'training'].map((set) => join(cacheFolder(), 'peers', set, 'bin', 'python')),
];

/** Returns the first Python that has the packages, null where none has. */
function pythonWith(packages: readonly string[]): string | null {
  const code = `import importlib.util as u, sys; sys.exit(not all(map(u.find_spec, ${JSON.stringify(packages)})))`;
  return interpreters.find((path) => spawnSync(path, ['-c', code]).status === 0) ?? null;
}

/** A test of a snippet; skipped, and named so, where no Python has the packages. */
export function snippet(
  name: string,
  packages: readonly string[],
  check: (interpreter: string) => void,
): void {
  const interpreter = pythonWith(packages);
  const missing = interpreter === null ? ` (skipped: no Python with ${packages.join(', ')})` : '';
  it.skipIf(interpreter === null)(`${name}${missing}`, () => check(interpreter!), 5 * MINUTES);
}
