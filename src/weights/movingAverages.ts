import type { StoredTensor } from './tensors/weightsFile.ts';

/** Parts of a path under which averages of weights over the training are kept. */
const AVERAGE_PART = /^(.*_)?(ema|swa|moving_average|averaged?|shadow(_params)?|avg_model)(_.*)?$/i;
/** Parts of a path that wrappers of a model put before its own names. */
const WRAPPERS = /^((module|_orig_mod|_fsdp_wrapped_module)\.)+/;
/** A list of averages in the order of the parameters, as torch_ema and diffusers keep them: what is before the number. */
const NUMBERED = /^((?:.*\.)?(?:shadow|ema|averaged?)_params)\.\d+$/;
/** Ends of a name that are looked for among the averages. */
const MAX_SUFFIXES = 8;

/**
 * Returns the names of tensors under a path of averages that has a twin beside it, each with its twin's; an average alone is the weights.
 * A twin has the same name below its own path. In a list without names it has its place: the shapes come in the same order.
 */
export function movingAverages(tensors: readonly StoredTensor[]): Map<string, string> {
  const groups = new Map<string, string[]>();
  for (const { name } of tensors) {
    const parts = name.split('.');
    const at = parts.findIndex((part) => AVERAGE_PART.test(part));
    if (at === -1 || at === parts.length - 1) continue;
    const path = NUMBERED.exec(name)?.[1] ?? parts.slice(0, at + 1).join('.');
    const group = groups.get(path) ?? [];
    group.push(name);
    groups.set(path, group);
  }
  const averages = new Map<string, string>();
  if (groups.size === 0) return averages;
  const averaged = new Set([...groups.values()].flat());
  const others = tensors.filter(({ name }) => !averaged.has(name));
  const outside = bySuffix(others);
  const shapes = new Map(tensors.map(({ name, shape }) => [name, shape.join()]));
  for (const [path, names] of groups) {
    const isList = names.every((name) => NUMBERED.test(name));
    const twins = isList
      ? inOrder(names, others, shapes)
      : names.map((name) => outside.get(flat(name.slice(path.length + 1).replace(WRAPPERS, ''))));
    // Averages of buffers may be left out of either side.
    if (twins.filter((twin) => twin !== undefined).length < names.length / 2) continue;
    for (const [i, name] of names.entries()) averages.set(name, twins[i] ?? path);
  }
  return averages;
}

const flat = (name: string): string => name.replaceAll('.', '');

function bySuffix(tensors: readonly StoredTensor[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const { name } of tensors) {
    for (let rest = name, i = 0; i < MAX_SUFFIXES; rest = rest.slice(rest.indexOf('.') + 1), i++) {
      found.set(flat(rest), name);
      if (!rest.includes('.')) break;
    }
  }
  return found;
}

/** Returns for each name of a list the tensor in its place; none where the shapes of the list do not all follow one another in `others`. */
function inOrder(
  names: readonly string[],
  others: readonly StoredTensor[],
  shapes: ReadonlyMap<string, string>,
): (string | undefined)[] {
  let from = 0;
  const twins = names.map((name) => {
    while (from < others.length && others[from]!.shape.join() !== shapes.get(name)) from++;
    return others[from++]?.name;
  });
  return twins.includes(undefined) ? names.map(() => undefined) : twins;
}
