import { UserError } from '../../base/userError.ts';

/** Where a value was written: a place in a file, or the text of an override on the command line. */
export type Origin =
  | { readonly file: string; readonly line: number; readonly column: number }
  | { readonly override: string };

/** A configuration value that remembers where it was written, so that every error can name the place. */
export type ConfigNode = MapNode | ListNode | ScalarNode;
export interface MapNode {
  readonly kind: 'map';
  readonly origin: Origin;
  readonly entries: ReadonlyMap<string, { readonly key: Origin; readonly node: ConfigNode }>;
}
export interface ListNode {
  readonly kind: 'list';
  readonly origin: Origin;
  readonly items: readonly ConfigNode[];
}
export interface ScalarNode {
  readonly kind: 'scalar';
  readonly origin: Origin;
  readonly value: unknown;
}

export type KeyPath = readonly (string | number)[];

/** A mistake in a configuration, and where it was made. */
export interface ConfigProblem {
  readonly origin: Origin;
  readonly message: string;
}

const PROBLEMS_SHOWN = 20;

/** Returns the origin as `file:line:column`, the form editors and terminals make links of, or as `--set key=value`. */
function showOrigin(origin: Origin): string {
  return 'override' in origin ? `--set ${origin.override}` : `${origin.file}:${origin.line}:${origin.column}`;
}

/** Returns one error for all problems, each on a line of its own, those said twice left out. */
export function problemsError(problems: readonly ConfigProblem[]): UserError {
  const lines = [...new Set(problems.map(({ origin, message }) => `${showOrigin(origin)}: ${message}`))];
  const left = lines.length - PROBLEMS_SHOWN;
  if (left > 0) lines.splice(PROBLEMS_SHOWN, left, `and ${left} more`);
  return new UserError(lines);
}

/** Returns the value without its origins. */
export function toPlain(node: ConfigNode): unknown {
  switch (node.kind) {
    case 'map':
      return Object.fromEntries([...node.entries].map(([key, entry]) => [key, toPlain(entry.node)]));
    case 'list':
      return node.items.map(toPlain);
    case 'scalar':
      return node.value;
  }
}

/** Returns the node at `path`, or null where there is none. */
export function nodeAt(root: ConfigNode, path: KeyPath): ConfigNode | null {
  let node: ConfigNode | undefined = root;
  for (const key of path) {
    if (node.kind === 'map') node = node.entries.get(String(key))?.node;
    else if (node.kind === 'list') node = node.items[Number(key)];
    else node = undefined;
    if (node === undefined) return null;
  }
  return node;
}

/** Returns the origin of the deepest node on the way to `path`: of the value itself where there is one. */
export function originAt(root: ConfigNode, path: KeyPath): Origin {
  for (let length = path.length; length > 0; length--) {
    const node = nodeAt(root, path.slice(0, length));
    if (node !== null) return node.origin;
  }
  return root.origin;
}

/** Returns `base` with `over` on top: maps are merged key by key, everything else is replaced. */
export function mergeMaps(base: MapNode, over: MapNode): MapNode {
  const entries = new Map(base.entries);
  for (const [key, entry] of over.entries) {
    const under = entries.get(key)?.node;
    const node =
      under?.kind === 'map' && entry.node.kind === 'map' ? mergeMaps(under, entry.node) : entry.node;
    entries.set(key, { key: entry.key, node });
  }
  return { kind: 'map', origin: over.origin, entries };
}

/** Returns `root` with `value` at `path`; what stands in the way and is no map is replaced by one. */
export function setAt(root: MapNode, path: readonly string[], value: ConfigNode): MapNode {
  const [key, ...rest] = path as [string, ...string[]];
  const inner = root.entries.get(key)?.node;
  const node =
    rest.length === 0 ? value : setAt(inner?.kind === 'map' ? inner : emptyMap(value.origin), rest, value);
  const entries = new Map(root.entries);
  entries.set(key, { key: value.origin, node });
  return { ...root, entries };
}

/** Returns the map with only the keys that `keep` holds for. */
export function filterKeys(map: MapNode, keep: (key: string) => boolean): MapNode {
  return { ...map, entries: new Map([...map.entries].filter(([key]) => keep(key))) };
}

function emptyMap(origin: Origin): MapNode {
  return { kind: 'map', origin, entries: new Map() };
}

/** Returns a path as it is written in messages: `network.layers[1].units`. */
export function showPath(path: KeyPath): string {
  return path.reduce<string>(
    (text, key) => (typeof key === 'number' ? `${text}[${key}]` : text === '' ? key : `${text}.${key}`),
    '',
  );
}

/** Returns a value as messages quote it, cut at 60 characters. */
export function showValue(value: unknown): string {
  if (Array.isArray(value) && value.length === 0) return 'an empty list';
  if (value !== null && typeof value === 'object' && !Array.isArray(value)) return 'a map of keys';
  const text = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
