import { UserError } from '../../base/userError.ts';

/** Options of sbatch by their long names; true for those without a value. */
export type SbatchOptions = Readonly<Record<string, string | true>>;

export interface SlurmOptions {
  /** Runs a task of the array trains. */
  pack: number;
  /** How often a task may run out of time and come back. */
  timeouts: number;
  /** Options of the array job, and of the analysis where it has none of its own. */
  sbatch: SbatchOptions;
  /** Options of the analysis alone. */
  analysis: SbatchOptions;
}

/** With a limit of some hours this is days of training; with one of minutes, a sign that it is too short. */
const MOST_TIMEOUTS = 20;

/** What phasewatch needs to decide itself, and what to do instead. */
const RESERVED: Readonly<Record<string, string>> = {
  clusters: 'submit from a login node of that cluster',
  help: 'see man sbatch',
  parsable: 'use --json',
  'test-only': 'use --dry-run',
  usage: 'see man sbatch',
  version: 'see sbatch --version',
  wait: 'follow it with phasewatch status DIR --watch',
  wrap: 'the script is written by phasewatch',
};
const RESERVED_OF_ANALYSIS: Readonly<Record<string, string>> = {
  ...RESERVED,
  array: 'the analysis is one job',
  dependency: 'the analysis waits for the training',
};
const OPTION_NAME = /^[a-z][a-z0-9-]*$/;
/** The script itself must get the signal, and tells by it that its time is running out. */
const SIGNAL = /^B:(SIG)?USR2(@\d+)?$/;

/** Returns the options that stand behind `--slurm.` on a command line, as yargs nests them. Throws UserError for what cannot be. */
export function parseSlurmOptions(given: Readonly<Record<string, unknown>>): SlurmOptions {
  const { pack = 1, timeouts = MOST_TIMEOUTS, analysis = {}, ...sbatch } = given;
  const runs = wholeNumber('--slurm.pack', pack, 1);
  const times = wholeNumber('--slurm.timeouts', timeouts, 0);
  if (typeof analysis !== 'object' || analysis === null || Array.isArray(analysis)) {
    throw new UserError(`--slurm.analysis must be followed by .OPTION, got ${analysis}`);
  }
  return {
    pack: runs,
    timeouts: times,
    sbatch: sbatchOptions(sbatch, '--slurm', RESERVED),
    analysis: sbatchOptions(analysis as Record<string, unknown>, '--slurm.analysis', RESERVED_OF_ANALYSIS),
  };
}

function wholeNumber(option: string, value: unknown, least: number): number {
  const number = Number(value);
  if (value !== '' && Number.isInteger(number) && number >= least) return number;
  throw new UserError(`${option} must be a whole number of at least ${least}, got ${value}`);
}

function sbatchOptions(
  given: Readonly<Record<string, unknown>>,
  prefix: string,
  reserved: Readonly<Record<string, string>>,
): SbatchOptions {
  const options: Record<string, string | true> = {};
  for (const [key, value] of Object.entries(given)) {
    // yargs adds `cpusPerTask` beside `cpus-per-task`; a user may write either.
    const name = key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    const option = `${prefix}.${name}`;
    if (!OPTION_NAME.test(name)) throw new UserError(`${option} must be a long option of sbatch, got ${key}`);
    if (Array.isArray(value)) {
      throw new UserError(`${option} must be given once, got ${value.length} times: ${value.join(', ')}`);
    }
    if (name in reserved) throw new UserError(`${option} must not be given`, reserved[name]);
    if (value === undefined) continue;
    if (value === false) options[`no-${name}`] = true;
    else options[name] = value === true ? true : optionValue(option, value);
  }
  return options;
}

function optionValue(option: string, value: unknown): string {
  const text = String(value);
  if (typeof value === 'object' || /\p{Cc}/u.test(text)) {
    throw new UserError(`${option} must be one line of text, got ${JSON.stringify(value)}`);
  }
  if (option === '--slurm.array' && !/^%\d+$/.test(text)) {
    throw new UserError(`${option} must be % and the number of tasks that may run at once, got ${text}`);
  }
  if (option.endsWith('.signal') && !SIGNAL.test(text)) {
    throw new UserError(`${option} must be B:USR2@<seconds before the end>, got ${text}`);
  }
  return text;
}
