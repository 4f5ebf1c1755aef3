import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { stringify } from 'yaml';
import { UserError } from '../../base/userError.ts';
import { filterKeys, type MapNode, mergeMaps, problemsError, showValue, toPlain } from './configNode.ts';
import { applyOverride } from './override.ts';
import { displayPath, parseYaml, readYaml } from './readYaml.ts';

/** Keys that belong to one file and are not handed on to the files that extend it. */
const OWN_KEYS = ['name', 'description', 'extends'];

/** What the messages call a config that is no file. */
const IN_CODE = 'config';

/**
 * Returns the config file at `source`, or the config that `source` is, on top of the files it extends, with the overrides (`key=value`)
 * on top of all. Throws a UserError that names file, line and column.
 */
export function readConfig(source: string | object, overrides: readonly string[]): MapNode {
  const own = typeof source === 'string' ? readWithBases(resolve(source), []) : readObject(source);
  return overrides.reduce(applyOverride, own);
}

function readObject(config: object): MapNode {
  const node = parseYaml(stringify(config), IN_CODE);
  if (node?.kind !== 'map') throw new UserError(`${IN_CODE} must be a map of keys, got ${showValue(config)}`);
  return withBases(node, IN_CODE, process.cwd(), []);
}

function readWithBases(path: string, children: readonly string[]): MapNode {
  return withBases(readYaml(path, { pipe: children.length === 0 }), path, dirname(path), children);
}

/** Returns a config on top of the files it extends, whose names are relative to `folder`. */
function withBases(own: MapNode, path: string, folder: string, children: readonly string[]): MapNode {
  const base = own.entries.get('extends')?.node;
  if (base === undefined) return own;

  const value = toPlain(base);
  const problem = (message: string) =>
    problemsError([{ origin: base.origin, message: `extends ${message}` }]);
  if (typeof value !== 'string' || value === '')
    throw problem(`must be a file name, got ${showValue(value)}`);
  const basePath = resolve(folder, value);
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
