import type { StoredTensor } from './tensors/weightsFile.ts';

/** Parts of a path under which averages of weights over the training are kept. */
const AVERAGE_PART = /^(.*_)?(ema|swa|moving_average|averaged?|shadow(_params)?|avg_model)(_.*)?$/i;
/** Ends of a name that are looked for among the averages. */
const MAX_SUFFIXES = 8;

/**
 * Returns the names of tensors under a path of averages that has a twin beside it, each with its twin's; an average alone is the
 * weights.
 */
export function movingAverages(tensors: readonly StoredTensor[]): Map<string, string> {
  const groups = new Map<string, string[]>();
  for (const { name } of tensors) {
    const parts = name.split('.');
    const at = parts.findIndex((part) => AVERAGE_PART.test(part));
    if (at === -1 || at === parts.length - 1) continue;
    const path = parts.slice(0, at + 1).join('.');
    const group = groups.get(path) ?? [];
    group.push(name);
    groups.set(path, group);
  }
  const averages = new Map<string, string>();
  if (groups.size === 0) return averages;
  const outside = new Map<string, string>();
  const averaged = new Set([...groups.values()].flat());
  for (const { name } of tensors) {
    if (averaged.has(name)) continue;
    for (let rest = name, i = 0; i < MAX_SUFFIXES; rest = rest.slice(rest.indexOf('.') + 1), i++) {
      outside.set(rest.replaceAll('.', ''), name);
      if (!rest.includes('.')) break;
    }
  }
  for (const [path, names] of groups) {
    const twins = names.map((name) => outside.get(name.slice(path.length + 1).replaceAll('.', '')));
    // Averages of buffers may be left out of either side.
    if (twins.filter((twin) => twin !== undefined).length < names.length / 2) continue;
    for (const [i, name] of names.entries()) averages.set(name, twins[i] ?? path);
  }
  return averages;
}
