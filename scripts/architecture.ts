import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';

/** One row of the table of folders in docs/reference/architecture.md. */
export interface Room {
  folder: string;
  /** Folders its files may import from. One of another room stands for all folders in it too, one of the same room only for itself. */
  mayImport: readonly string[];
}

/** How one file uses another: a type import leaves no trace at run time; a path names a script to start. */
export interface Import {
  /** Both relative to src/. */
  from: string;
  to: string;
  kind: 'value' | 'type' | 'path';
}

/** The sources as they import each other. */
export interface House {
  files: readonly string[];
  imports: readonly Import[];
  /** What each file imports from outside: Node and packages, values only. */
  packages: ReadonlyMap<string, readonly string[]>;
}

const ROW = /^\| `src(?:\/([\w/]+))?` \|.*\| ([^|]*) \|$/gm;
const STATEMENT =
  /^\s*(?:import|export)\s+(type\b)?[^;'"]*?\bfrom\s+'([^']+)'|^\s*import\s+'([^']+)'|\bimport\('([^']+)'\)|\bnew URL\(['`](\.[^'`$]+)/gm;

/** Returns the rows of the table; a folder that may import nothing has a dash. */
export function readTable(root: string): Room[] {
  const page = readFileSync(join(root, 'docs/reference/architecture.md'), 'utf8');
  return [...page.matchAll(ROW)].map(([, folder, names]) => ({
    folder: folder ?? TOP,
    mayImport: [...names!.matchAll(/[\w/]+/g)].map(([name]) => name),
  }));
}

/** Returns every file under src/ and what it imports. */
export function readHouse(root: string): House {
  const src = join(root, 'src');
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .sort();
  const known = new Set(files);
  const imports: Import[] = [];
  const packages = new Map<string, string[]>();
  for (const file of files) {
    const outside: string[] = [];
    for (const [, type, from, bare, dynamic, path] of readFileSync(join(src, file), 'utf8').matchAll(
      STATEMENT,
    )) {
      const name = (from ?? bare ?? dynamic ?? path)!;
      const kind = path !== undefined ? 'path' : type !== undefined ? 'type' : 'value';
      if (name.startsWith('.')) {
        const joined = posix.join(dirname(file), name);
        const to = known.has(joined) ? joined : `${joined}.ts`;
        // A path to something beside src/ (package.json, engine/) is no import of a source.
        if (known.has(to)) imports.push({ from: file, to, kind });
        else if (kind !== 'path') throw new Error(`${file}: unknown file: ${name}`);
      } else if (kind === 'value') outside.push(name);
    }
    packages.set(file, outside);
  }
  return { files, imports, packages };
}

/** Returns the folder of a file. */
export const folderOf = (file: string): string => dirname(file);

/** Folder and room of the files that lie in no room: what the package exports. */
export const TOP = '.';

/** Returns the room, one of the folders at the top, that a file or folder is in. */
export function roomOf(path: string): string {
  return path.endsWith('.ts') && !path.includes('/') ? TOP : path.split('/')[0]!;
}

/** Returns whether a folder may import another one by the table; every folder may import itself. */
export function isAllowed(table: readonly Room[], from: string, to: string): boolean {
  if (from === to) return true;
  const room = table.find(({ folder }) => folder === from);
  return room?.mayImport.some((name) => covers(from, name, to)) ?? false;
}

function covers(from: string, name: string, to: string): boolean {
  return to === name || (roomOf(from) !== roomOf(name) && to.startsWith(`${name}/`));
}

/** Returns every arrow between two folders that the table allows. */
export function allowedArrows(table: readonly Room[]): [from: string, to: string][] {
  const folders = table.map(({ folder }) => folder);
  return folders.flatMap((from) =>
    folders
      .filter((to) => from !== to && isAllowed(table, from, to))
      .map((to): [string, string] => [from, to]),
  );
}

/** Returns every arrow between two folders that the imports make, with one import for each. */
export function foundArrows({ imports }: House): Map<string, Import> {
  const arrows = new Map<string, Import>();
  for (const one of imports) {
    const [from, to] = [folderOf(one.from), folderOf(one.to)];
    if (from !== to) arrows.set(`${from} -> ${to}`, one);
  }
  return arrows;
}

/** Returns what the table names and no import uses, `folder: name`. */
export function unusedPermissions(table: readonly Room[], { imports }: House): string[] {
  return table.flatMap(({ folder, mayImport }) =>
    mayImport
      .filter(
        (name) =>
          !imports.some(({ from, to }) => folderOf(from) === folder && covers(folder, name, folderOf(to))),
      )
      .map((name) => `${folder}: ${name}`),
  );
}

/** Returns the groups whose members reach each other along the arrows: the cycles. None has fewer than two members. */
export function cycles(arrows: Iterable<readonly [from: string, to: string]>): string[][] {
  const next = new Map<string, Set<string>>();
  for (const [from, to] of arrows) next.set(from, (next.get(from) ?? new Set()).add(to));
  const reach = new Map(
    [...next.keys()].map((start) => [start, reachable(start, (at) => next.get(at) ?? [])]),
  );
  const groups = new Map<string, string[]>();
  for (const [one, seen] of reach) {
    if (!seen.has(one)) continue;
    const group = [...seen].filter((other) => reach.get(other)?.has(one)).sort();
    if (group.length > 1) groups.set(group.join(), group);
  }
  return [...groups.values()];
}

/** Returns what can be reached from `start` by one step or more. */
export function reachable(start: string, next: (at: string) => Iterable<string>): Set<string> {
  const seen = new Set<string>();
  const waiting = [...next(start)];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    if (seen.has(at)) continue;
    seen.add(at);
    waiting.push(...next(at));
  }
  return seen;
}
