import { join } from 'node:path';
import type { SbatchOptions } from './slurmOptions.ts';
import { WARNING_OPTION } from './timeLimit.ts';

export interface JobScriptInput {
  name: string;
  /** Folder for what the tasks print. */
  logs: string;
  /** Tasks of an array; null for a single job. */
  tasks: number | null;
  /** Processors of a task; null leaves them to the options or the cluster. */
  processors: number | null;
  options: SbatchOptions;
  /** The program and its arguments; the number of the task follows for an array. */
  command: readonly string[];
}

const PLAIN = /^[\w@%:.,/=+[\]*-]+$/;

/**
 * Returns the batch script of a job. Options of the user stand over those set here: a job that is requeued, by a failed node, by
 * preemption or by itself when its time is up, appends to its log and goes on at the checkpoints.
 */
export function jobScript({ name, logs, tasks, processors, options, command }: JobScriptInput): string {
  const { array: throttle, ...given } = options;
  const log = join(logs, tasks === null ? '%j.log' : '%A_%a.log');
  const all: SbatchOptions = {
    'job-name': name,
    // % begins a placeholder in file names of Slurm
    output: log.replace(logs, logs.replaceAll('%', '%%')),
    'open-mode': 'append',
    ...('no-requeue' in given ? {} : { requeue: true as const }),
    signal: WARNING_OPTION,
    ...(processors === null ? {} : { 'cpus-per-task': String(processors) }),
    ...given,
    ...(tasks === null ? {} : { array: `0-${tasks - 1}${throttle ?? ''}` }),
  };
  const directives = Object.entries(all).map(
    ([key, value]) => `#SBATCH --${key}${value === true ? '' : `=${sbatchQuoted(value)}`}`,
  );
  const words = command.map(shellQuoted);
  if (tasks !== null) words.push('"$SLURM_ARRAY_TASK_ID"');
  // exec: the signals of Slurm then reach the program, not a shell that waits for it
  return `${['#!/bin/sh', ...directives, '', `exec ${words.join(' ')}`].join('\n')}\n`;
}

/** sbatch splits its lines at blanks and ends them at #, outside of quotes. */
function sbatchQuoted(value: string): string {
  return PLAIN.test(value) ? value : `"${value.replace(/["\\]/g, '\\$&')}"`;
}

function shellQuoted(word: string): string {
  return PLAIN.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
