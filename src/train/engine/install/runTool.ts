import { type ChildProcess, spawn } from 'node:child_process';
import { UserError } from '../../../base/userError.ts';

export interface ToolOptions {
  cwd?: string;
  /** On top of this process's; undefined takes a variable away. */
  env?: Readonly<Record<string, string | undefined>>;
  signal?: AbortSignal | undefined;
}

export interface ToolResult {
  /** Null when a signal ended the program. */
  code: number | null;
  stdout: string;
  stderr: string;
}

/** npm takes its time to end on SIGTERM. */
const GRACE_MS = 2000;

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) endGroup(child, 'SIGTERM');
});

/**
 * Returns what a program printed and its exit code. An abort ends it, with all that it has started, and rejects with the signal's
 * reason once they are gone. Throws UserError when there is no such program.
 */
export function runTool(
  command: string,
  args: readonly string[],
  { cwd, env, signal }: ToolOptions = {},
): Promise<ToolResult> {
  signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      // a process group of its own, so that a compiler's or package manager's helpers end with it
      detached: true,
    });
    running.add(child);
    let killing: NodeJS.Timeout | undefined;
    const stop = (): void => {
      endGroup(child, 'SIGTERM');
      killing = setTimeout(() => endGroup(child, 'SIGKILL'), GRACE_MS);
    };
    signal?.addEventListener('abort', stop);
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const ended = (): void => {
      running.delete(child);
      clearTimeout(killing);
      signal?.removeEventListener('abort', stop);
    };
    child.on('error', (error: NodeJS.ErrnoException) => {
      ended();
      reject(
        error.code === 'ENOENT'
          ? new UserError(`${command} must be on the PATH, got no such program`)
          : error,
      );
    });
    child.on('close', (code) => {
      ended();
      if (signal?.aborted) reject(signal.reason);
      else resolve({ code, stdout, stderr });
    });
  });
}

function endGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // gone already
  }
}
