import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { UserError } from '../base/userError.ts';
import { WEIGHTS_EXTENSIONS } from './openWeights.ts';

/** A file of weights, and a name that tells it from the others found with it: `b=16_seed=3/epoch-004`. */
export interface FoundWeights {
  path: string;
  name: string;
}

/**
 * Returns the weights files that a path means: itself when it is a file; of a results folder or the folder of a run the snapshots, run by
 * run and epoch by epoch; of any other folder the weights files in it. A path without any is a UserError.
 */
export function findWeights(path: string): FoundWeights[] {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) throw new UserError(`${path} must be a file or a folder, got none`);
  if (!stat.isDirectory()) return [{ path, name: stem(path) }];
  const runs = join(path, 'runs');
  const found = existsSync(runs)
    ? names(runs).flatMap((run) =>
        weightsOf(join(runs, run)).map((weights) => ({ ...weights, name: `${run}/${weights.name}` })),
      )
    : weightsOf(path);
  if (found.length === 0) {
    throw new UserError(`${path} must hold weights (${WEIGHTS_EXTENSIONS.join(', ')}), got none`);
  }
  return found;
}

/** The snapshots of a run, or the weights files of a folder that is none. */
function weightsOf(folder: string): FoundWeights[] {
  const snapshots = join(folder, 'snapshots');
  const inside = existsSync(snapshots) ? snapshots : folder;
  if (!statSync(inside).isDirectory()) return [];
  return names(inside)
    .filter(isWeights)
    .map((name) => ({ path: join(inside, name), name: stem(name) }));
}

const names = (folder: string): string[] => readdirSync(folder).toSorted();

/** JSON and .bin files are everywhere: they count only by the names that TensorFlow.js and PyTorch's users give them. */
const isWeights = (name: string): boolean =>
  extname(name) === '.json'
    ? name === 'model.json'
    : /^(pytorch|adapter)_model.*\.bin$/.test(name) ||
      WEIGHTS_EXTENSIONS.some((extension) => extension === extname(name));

const stem = (path: string): string => basename(path, extname(path));
