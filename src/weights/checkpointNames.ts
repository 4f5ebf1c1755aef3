import { UserError } from '../base/userError.ts';

/** What the name of a checkpoint says: the run it belongs to, empty where the name says nothing of one, and the epoch or step. */
export interface CheckpointName {
  run: string;
  epoch: number;
}

/** Words that stand before the number of an epoch, or else of a step, in the order in which they count. */
const PATTERNS = [
  /epochs?[-_=]?(\d+)/i,
  /(?:^|[-_.])ep?[-_=]?(\d+)(?=[-_.]|$)/i,
  /steps?[-_=]?(\d+)/i,
  /(?:^|[-_.])(?:checkpoint|ckpt|cp|iter|iteration|snapshot)s?[-_=]?(\d+)/i,
];
/** What was measured at a checkpoint tells no run from another: `val_loss=0.25`, `acc-0.9`, and any bare fraction. */
const MEASURES = [
  /(?:^|[-_. ])(?:(?:train|val|valid|validation|test|dev|eval)(?:[-_./]))?(?:loss|acc|accuracy|error|err|auc|f1|score|ppl|perplexity|iou|map|psnr|fid)[-_=]?\d+(?:\.\d+)?/gi,
  /(?:^|[-_ ])\d+\.\d+(?=$|[-_ ])/g,
];
/** A whole number that stands for itself: `net_12`, `weights.003`, `12`. */
const LAST_NUMBER = /(?:^|[-_.= ])(\d+)(?=\D*$)/;
/** Folders and files so called hold the checkpoints of a run and are not its name. */
const CONTAINERS =
  /^(checkpoints?|ckpts?|snapshots?|weights|models?|nets?|networks?|params|state|epochs?|saved_?models?|pytorch_model|consolidated|adapter_model)$/i;

/** Returns the epoch or step that the name of a file says, or failing that the name of its folder; null where neither does. */
export function checkpointEpoch(path: string): number | null {
  const parts = path.split(/[/\\]/);
  return epochOf(stem(parts.at(-1)!)) ?? epochOf(parts.at(-2) ?? '');
}

function epochOf(name: string): number | null {
  for (const pattern of PATTERNS) {
    const number = Number(pattern.exec(name)?.[1] ?? Number.NaN);
    if (Number.isSafeInteger(number)) return number;
  }
  return null;
}

/**
 * Returns run and epoch of each path (with `/`, from the folder of the checkpoints): the epoch as `checkpointEpoch` finds it, or else, where
 * several files differ in it alone, the last whole number of the name; the run is what is left of the path without numbers of steps and
 * measures. Null where the name says no epoch.
 */
export function nameCheckpoints(paths: readonly string[]): (CheckpointName | null)[] {
  const named = paths.map(nameByWords);
  const numbered = paths.map((path, i) => (named[i] === null ? nameByNumber(path) : null));
  const count = new Map<string, number>();
  for (const one of numbered) if (one !== null) count.set(one.run, (count.get(one.run) ?? 0) + 1);
  return named.map((name, i) => {
    const other = numbered[i]!;
    return name ?? (other !== null && count.get(other.run)! > 1 ? other : null);
  });
}

function nameByWords(path: string): CheckpointName | null {
  const epoch = checkpointEpoch(path);
  if (epoch === null) return null;
  return { epoch, run: runOf(path.split('/')) };
}

function nameByNumber(path: string): CheckpointName | null {
  const parts = path.split('/');
  const name = withoutMeasures(stem(parts.at(-1)!));
  const found = LAST_NUMBER.exec(name);
  const epoch = Number(found?.[1] ?? Number.NaN);
  if (!Number.isSafeInteger(epoch)) return null;
  const rest = name.slice(0, found!.index) + name.slice(found!.index + found![0].length);
  return { epoch, run: runOf([...parts.slice(0, -1), rest], false) };
}

/** The parts of a path that name a run, joined. */
function runOf(parts: readonly string[], isFile = true): string {
  return parts
    .map((part, i) => (isFile && i === parts.length - 1 ? stem(part) : part))
    .map((part) =>
      trimmed(PATTERNS.reduce((rest, pattern) => rest.replace(pattern, ''), withoutMeasures(part))),
    )
    .filter((part) => part !== '' && !CONTAINERS.test(part))
    .join('_');
}

const withoutMeasures = (name: string): string =>
  MEASURES.reduce((rest, pattern) => rest.replace(pattern, ''), name);
const trimmed = (name: string): string =>
  name.replace(/[-_.= ]{2,}/g, '_').replace(/^[-_.= ]+|[-_.= ]+$/g, '');
const stem = (name: string): string =>
  name.replace(/(\.(safetensors|bin|index|weights))?\.[A-Za-z]\w*(\.tar)?$/, '');

/**
 * Returns what names checkpoints by a pattern of the user's: text with {epoch}, and if it likes {run} and `*`, or a /regular expression/ with
 * the groups (?<epoch>...) and (?<run>...). It is looked for anywhere in the path; without a {run} what is left of the path is the run. A
 * pattern without an epoch is a UserError.
 */
export function checkpointPattern(text: string): (path: string) => CheckpointName | null {
  const pattern = regularExpression(text);
  return (path) => {
    const found = pattern.exec(path);
    const epoch = Number(found?.groups?.epoch ?? Number.NaN);
    if (found === null || !Number.isSafeInteger(epoch)) return null;
    const { run } = found.groups!;
    if (run !== undefined) return { epoch, run: trimmed(run.replaceAll('/', '_')) };
    const rest = `${path.slice(0, found.index)}/${path.slice(found.index + found[0].length)}`;
    return { epoch, run: runOf(rest.split('/')) };
  };
}

function regularExpression(text: string): RegExp {
  const wrong = (why: string): UserError =>
    new UserError(
      `--epoch-from must be text with {epoch} or a /regular expression/ with (?<epoch>...), got ${text}${why}`,
      "Example: --epoch-from '{run}/net_{epoch}.pt'",
    );
  const regular = /^\/(.+)\/$/.exec(text)?.[1];
  const source =
    regular ??
    text
      .replace(/[.+^$()|[\]\\?]/g, '\\$&')
      .replace(/\*+/g, '[^/]*')
      .replaceAll('{epoch}', '(?<epoch>\\d+)')
      .replaceAll('{run}', '(?<run>.+?)');
  if (!source.includes('(?<epoch>')) throw wrong('');
  try {
    return new RegExp(source);
  } catch (error) {
    throw wrong(`: ${(error as Error).message}`);
  }
}
