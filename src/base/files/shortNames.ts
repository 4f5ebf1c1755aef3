import { basename } from 'node:path';

/** Returns for each path its last part, with as many folders before it as tell the paths apart. */
export function shortNames(paths: readonly string[]): Map<string, string> {
  const names = new Map(paths.map((path) => [path, basename(path)]));
  const parts = new Map(paths.map((path) => [path, path.split('/')]));
  for (let depth = 2; depth <= 32; depth++) {
    const counts = new Map<string, number>();
    for (const name of names.values()) counts.set(name, (counts.get(name) ?? 0) + 1);
    for (const path of names.keys()) {
      if (counts.get(names.get(path)!)! > 1) names.set(path, parts.get(path)!.slice(-depth).join('/'));
    }
  }
  return names;
}
