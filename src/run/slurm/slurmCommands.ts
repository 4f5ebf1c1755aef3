import { spawnSync } from 'node:child_process';
import { UserError } from '../../base/userError.ts';

type SlurmCommand = 'sbatch' | 'squeue' | 'sacct' | 'scancel' | 'scontrol';

/** Returns true where Slurm can be asked. */
export function hasSlurm(): boolean {
  return spawnSync('squeue', ['--version']).status === 0;
}

/** Returns what a command of Slurm prints. Throws UserError with the reason where it is missing or fails. */
export function slurm(command: SlurmCommand, words: readonly string[]): string {
  const { stdout, stderr, status, error } = spawnSync(command, words, { encoding: 'utf8' });
  if ((error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') {
    throw new UserError(
      `${command} must be on PATH to use Slurm, got none`,
      'Use a login node of the cluster, or leave --executor slurm out to train on this machine.',
    );
  }
  if (error !== undefined) throw error;
  if (status !== 0) {
    const reason = stderr.trim().replaceAll('\n', '; ') || `exit code ${status}`;
    throw new UserError(`${command} must succeed, got: ${reason}`, remedyFor(reason));
  }
  return stdout;
}

function remedyFor(reason: string): string | undefined {
  if (/job array specification/i.test(reason)) {
    return 'The cluster allows fewer tasks in an array (MaxArraySize): --slurm.pack K trains K runs in a task.';
  }
  if (/unrecognized option/i.test(reason))
    return 'Behind --slurm. stands a long option of sbatch: see man sbatch.';
  return undefined;
}
