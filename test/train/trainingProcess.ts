import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { ChildOrder } from './trainChild.ts';

export interface ChildEnd {
  /** Null when it ran to its end. */
  signal: NodeJS.Signals | null;
  /** Lines of its output. */
  lines: string[];
  /** From the first training step to the end. */
  trainingMs: number;
}

/** Runs an order in a process of its own; `killAfterMs` kills it so long after its first training step. */
export async function trainInChild(order: ChildOrder, killAfterMs?: number): Promise<ChildEnd> {
  const script = fileURLToPath(new URL('trainChild.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', script, JSON.stringify(order)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let errors = '';
  let started: number | null = null;
  child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  child.stdout.on('data', (chunk) => {
    output += chunk;
    if (started !== null || !output.includes('training')) return;
    started = performance.now();
    if (killAfterMs !== undefined) void sleep(killAfterMs).then(() => child.kill('SIGKILL'));
  });
  const [code, signal] = await once(child, 'close');
  if (signal === null && code !== 0) throw new Error(`training process ended with code ${code}: ${errors}`);
  return {
    signal,
    lines: output.trim().split('\n'),
    trainingMs: started === null ? 0 : performance.now() - started,
  };
}
