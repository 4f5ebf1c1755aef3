import { statSync } from 'node:fs';
import { basename, dirname, relative, resolve, sep } from 'node:path';
import { UserError } from '../base/userError.ts';
import { checkpointPattern, nameCheckpoints } from './checkpointNames.ts';
import { BY_NAME, searchWeights } from './findWeights.ts';

/** A file of weights that a training left after an epoch (or step). */
export interface Checkpoint {
  run: string;
  epoch: number;
  path: string;
}

export interface CheckpointSearch {
  /** Run by run and epoch by epoch, in natural order. */
  found: Checkpoint[];
  /** Weights files that are none, with the reason. */
  passedOver: { path: string; reason: string }[];
}

const MAX_RUN_LENGTH = 100;
const UNNAMED =
  'its name says no epoch (epoch_3, step-100, checkpoint-500, or one number in which several files differ)';

/**
 * Returns the checkpoints that paths mean, in every format that is read: of which run and epoch each is, its name says (nameCheckpoints) or
 * `epochFrom`, a pattern of the user's. A run that no name tells has that of the folder. Throws UserError for two files of one run
 * and epoch, and where there is no checkpoint.
 */
export function findCheckpoints(paths: readonly string[], epochFrom: string | null = null): CheckpointSearch {
  const searches = paths.map((path) => searchWeights(path, BY_NAME));
  const files = [...new Set(searches.flatMap(({ found }) => found.map(({ path }) => path)))];
  const base = commonFolder(paths);
  const names = files.map((path) => relative(base, resolve(path)).split(sep).join('/'));
  const named = epochFrom === null ? nameCheckpoints(names) : names.map(checkpointPattern(epochFrom));
  const search: CheckpointSearch = {
    found: [],
    passedOver: searches.flatMap(({ copies }) => copies),
  };
  for (const [i, path] of files.entries()) {
    const name = named[i]!;
    if (name === null) {
      const reason = epochFrom === null ? UNNAMED : `its name does not fit --epoch-from ${epochFrom}`;
      search.passedOver.push({ path, reason });
    } else search.found.push({ path, epoch: name.epoch, run: runId(name.run || basename(base)) });
  }
  if (search.found.length === 0) throw noneFound(paths, search);
  search.found.sort((a, b) => natural.compare(a.run, b.run) || a.epoch - b.epoch);
  refuseTwice(search.found);
  return search;
}

const natural = new Intl.Collator('en', { numeric: true });

/** The folder from which names count: the one path that is a folder, or what holds all paths. */
function commonFolder(paths: readonly string[]): string {
  const [first, ...others] = paths.map((path) => resolve(path));
  if (others.length === 0 && statSync(first!).isDirectory()) return first!;
  return others.reduce((common, path) => {
    let folder = common;
    while (!`${path}${sep}`.startsWith(folder.endsWith(sep) ? folder : `${folder}${sep}`)) {
      folder = dirname(folder);
    }
    return folder;
  }, dirname(first!));
}

/** A name that every file system takes. */
const runId = (name: string): string =>
  name
    .replace(/[^\w.=+-]+/g, '-')
    .replace(/^\.+/, '')
    .slice(0, MAX_RUN_LENGTH) || 'run';

function refuseTwice(found: readonly Checkpoint[]): void {
  for (const [i, { run, epoch, path }] of found.entries()) {
    const other = found[i - 1];
    if (other?.run === run && other.epoch === epoch) {
      throw new UserError(
        `checkpoints of a run must be of different epochs, got epoch ${epoch} of run ${run} twice: ${other.path} and ${path}`,
        "Tell how the names are to be read: --epoch-from '{run}/net_{epoch}.pt'",
      );
    }
  }
}

function noneFound(paths: readonly string[], { passedOver }: CheckpointSearch): UserError {
  const shown = passedOver.slice(0, 3).map(({ path, reason }) => `${path}: ${reason}`);
  return new UserError(
    [
      `${paths.join(', ')} must hold checkpoints whose names say their epoch, got none among ${passedOver.length} weights files`,
      ...shown,
    ],
    "Tell how the names are to be read: --epoch-from 'net_{epoch}.pt'. For a table without epochs: --csv FILE, not --out",
  );
}
