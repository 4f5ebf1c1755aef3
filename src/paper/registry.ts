import { readdirSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { didYouMean } from '../base/nearestName.ts';
import { UserError } from '../base/userError.ts';
import {
  type ExperimentFile,
  experimentFileSchema,
  type Scale,
  type ScaleSettings,
} from './experimentFile.ts';

/** Beside src/ in the checkout and beside dist/ in the package. */
export const EXPERIMENTS_FOLDER = fileURLToPath(new URL('../../experiments/', import.meta.url));

/** Order in which they are listed and run: those that train nothing first, the longest last. */
const ORDER = [
  'marchenko-pastur',
  'spiked-covariance',
  'universality',
  'power-law',
  'lenet5',
  'mlp3',
  'minialexnet-baseline',
  'localization',
  'minialexnet-l2',
  'minialexnet-dropout',
  'rank-collapse',
  'batch-sweep',
  'learning-rate',
  'setol',
  'rate-batch-map',
  'pretrained',
];

export interface Reproduction extends ExperimentFile {
  name: string;
  /** Absolute path of the config that is trained; null where nothing is. */
  configPath: string | null;
  /** Experiment whose results folder it uses; itself but for those that share one. */
  folder: string;
  settings(scale: Scale): ScaleSettings;
}

/** Returns the names of the experiments, in the order they are listed. */
export function experimentNames(): string[] {
  const place = (name: string): number => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length);
  return readdirSync(EXPERIMENTS_FOLDER)
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => basename(file, '.yaml'))
    .sort((a, b) => place(a) - place(b) || (a < b ? -1 : 1));
}

/** Returns the experiment of that name. Throws UserError for an unknown name and, with file and key, for a file that is wrong. */
export function loadReproduction(name: string): Reproduction {
  const names = experimentNames();
  if (!names.includes(name)) {
    throw new UserError(`unknown experiment: ${name}${didYouMean(name, names)} (known: ${names.join(', ')})`);
  }
  const path = join(EXPERIMENTS_FOLDER, `${name}.yaml`);
  const parsed = experimentFileSchema.safeParse(parse(readFileSync(path, 'utf8')));
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${path}: ${issue.path.join('.')}: ${issue.message}`);
    throw new UserError(problems);
  }
  const file = parsed.data;
  const shared = file.trains === undefined ? null : loadReproduction(file.trains);
  return {
    ...file,
    name,
    configPath:
      shared !== null
        ? shared.configPath
        : file.config === undefined
          ? null
          : resolve(EXPERIMENTS_FOLDER, file.config),
    folder: shared?.folder ?? name,
    settings: (scale) => shared?.settings(scale) ?? file.scales[scale]!,
  };
}
