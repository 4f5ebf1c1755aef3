import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { filterKeys, type MapNode, mergeMaps, problemsError, showValue, toPlain } from './configNode.ts';
import { applyOverride } from './override.ts';
import { displayPath, readYaml } from './readYaml.ts';

/** Keys that belong to one file and are not handed on to the files that extend it. */
const OWN_KEYS = ['name', 'description', 'extends'];

/**
 * Returns the config file at `path` on top of the files it extends, with the overrides (`key=value`) on top of all.
 * Throws a UserError that names file, line and column.
 */
export function readConfig(path: string, overrides: readonly string[]): MapNode {
  return overrides.reduce(applyOverride, readWithBases(resolve(path), []));
}

function readWithBases(path: string, children: readonly string[]): MapNode {
  const own = readYaml(path, { pipe: children.length === 0 });
  const base = own.entries.get('extends')?.node;
  if (base === undefined) return own;

  const value = toPlain(base);
  const problem = (message: string) =>
    problemsError([{ origin: base.origin, message: `extends ${message}` }]);
  if (typeof value !== 'string' || value === '')
    throw problem(`must be a file name, got ${showValue(value)}`);
  const basePath = resolve(dirname(path), value);
  const chain = [...children, path];
  if (chain.includes(basePath)) {
    const cycle = [...chain.slice(chain.indexOf(basePath)), basePath].map(displayPath);
    throw problem(`must not lead back to the file itself, got ${cycle.join(' -> ')}`);
  }
  if (!existsSync(basePath))
    throw problem(`must name a file, got ${value} (no such file: ${displayPath(basePath)})`);
  const inherited = filterKeys(readWithBases(basePath, chain), (key) => !OWN_KEYS.includes(key));
  return mergeMaps(
    inherited,
    filterKeys(own, (key) => key !== 'extends'),
  );
}
