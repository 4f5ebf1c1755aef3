import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Starts a process with a channel that listens for the end of its parent after `delay`, and tells its last word. */
function child(delay: number): { letGo(): void; lastWord: Promise<string> } {
  const script = `
    import { whenParentGoes } from './src/cli/parent.ts';
    console.log('begun');
    setTimeout(() => { console.log('late'); process.exit(); }, 20_000);
    // As a program does that loads its modules before it listens.
    await new Promise((resolve) => setTimeout(resolve, ${delay}));
    whenParentGoes(() => { console.log('gone'); process.exit(); });
  `;
  const words = ['--import', 'tsx', '--input-type=module', '-e', script];
  const started = spawn(process.execPath, words, { cwd: root, stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
  let said = '';
  const begun = new Promise<void>((resolve) => {
    started.stdout!.on('data', (chunk) => {
      said += chunk;
      if (said.includes('begun')) resolve();
    });
  });
  const lastWord = new Promise<string>((resolve) => {
    started.on('exit', () => resolve(said.trim().split('\n').at(-1)!));
  });
  return { letGo: () => void begun.then(() => started.disconnect()), lastWord };
}

describe('whenParentGoes', () => {
  it.each([0, 1500])('hears of a parent that lets go, listening after %i ms', async (delay) => {
    const { letGo, lastWord } = child(delay);
    letGo();
    expect(await lastWord).toBe('gone');
  });
});
