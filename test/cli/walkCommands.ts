import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  canMount,
  diskFull,
  type Ended,
  expectClean,
  expectWhole,
  readOnly,
  type Tried,
  terminate,
  Workshop,
} from './everyCommand.ts';

/** As many at a time as there are cores to spare: most of a command is its start. */
const AT_A_TIME = 3;

/** Holds the commands to what each hazard leaves: the exit code, one clean line, nothing half-written. */
export function walk(commands: readonly Tried[]): void {
  let workshop: Workshop;
  beforeAll(() => {
    workshop = new Workshop();
  });
  afterAll(() => workshop.remove());

  /** Tries every command in a folder of its own and returns how each ended. */
  async function tryAll(
    commands: readonly Tried[],
    attempt: (command: Tried, folder: string) => Promise<Ended>,
  ): Promise<void> {
    const waiting = [...commands];
    const worker = async (): Promise<void> => {
      for (let command = waiting.shift(); command !== undefined; command = waiting.shift()) {
        const folder = workshop.place();
        const ended = await attempt(command, folder);
        expectClean(ended);
        expectWhole(folder);
        rmSync(folder, { recursive: true });
      }
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, worker));
  }

  const writers = commands.filter(({ writes }) => writes);

  describe('every command', { timeout: 400_000 }, () => {
    it.runIf(canMount)(
      'where it may not write says so in one line, and one that only reads does not care',
      () =>
        tryAll(commands, async ({ name, words, code, writes }, folder) => {
          const ended = await workshop.run(words(folder), { shell: readOnly(folder) });
          if (writes) expect([1, 2], `${name}: ${ended.stderr}`).toContain(ended.code);
          else expect(ended.code, `${name}: ${ended.stderr}`).toBe(code);
          return ended;
        }),
    );

    it.runIf(canMount)('on a full disk is not done, says so, and leaves nothing half-written', () =>
      tryAll(writers, async ({ name, words }, folder) => {
        const out = `${folder}-after`;
        const ended = await workshop.run(words(folder), { shell: diskFull(folder, out) });
        expect([1, 2], `${name}: ${ended.stderr}`).toContain(ended.code);
        expectWhole(out);
        rmSync(out, { recursive: true });
        return ended;
      }),
    );

    it('whose reader is gone, or that has no standard output, does its work', () =>
      tryAll(commands, async ({ name, words, code, writes }, folder) => {
        const piped = await workshop.run(words(folder), { shell: '"$@" | true; exit "$PIPESTATUS"' });
        expect(piped.code, `${name}: ${piped.stderr}`).toBe(code);
        expectClean(piped);
        if (writes) expectWhole(folder);
        const closed = await workshop.run(words(folder), { shell: 'exec "$@" >&-' });
        expect(closed.code, `${name}: ${closed.stderr}`).toBe(code);
        return closed;
      }));

    it('that is told to end does so, and what it has written is whole', () =>
      tryAll(commands, async ({ name, words, code }, folder) => {
        const ended = await workshop.run(words(folder), {
          whileRunning: (child) => terminate(child, folder, 'SIGTERM', 400),
        });
        // It may have been done before it was told.
        expect([143, code], `${name}: ${ended.stderr}`).toContain(ended.code);
        return ended;
      }));

    it('twice at once in one folder does its work, or says that the folder is in use', () =>
      tryAll(commands, async ({ name, words, code }, folder) => {
        mkdirSync(join(folder, 'new'), { recursive: true });
        const both = await Promise.all([workshop.run(words(folder)), workshop.run(words(folder))]);
        const codes = both.map((ended) => ended.code);
        expect(codes, name).toContain(code);
        for (const ended of both) {
          if (ended.code !== code) expect(ended.stderr).toMatch(/must not be in use/);
          expectClean(ended);
        }
        return both[0]!;
      }));
  });
}
