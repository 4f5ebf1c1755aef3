import { oneLine, plainJson, plainLines } from '../base/files/plainText.ts';
import { jsonParts } from '../base/jsonParts.ts';

export interface OutputFlags {
  json: boolean;
  quiet: boolean;
}

/** Where the words of a command go: results to stdout, remarks to stderr. What they quote cannot command the terminal. */
export interface Output {
  /** Prints a line for people; nothing with `--json`. */
  print(line: string): void;
  /** Prints lines whose parts were cleaned when they were laid out (`formatTable`); nothing with `--json`. */
  block(text: string): void;
  /** Prints the one JSON document of `--json`; nothing without it. Numbers that JSON does not have become null. */
  document(value: object): void;
  /** Prints a line of remark on the way; nothing with `--quiet`. */
  note(line: string): void;
  /** Empties the screen, where the result goes to a terminal. */
  clear(): void;
  /** Columns of the terminal, or Infinity where the result goes to a file or a pipe. */
  width: number;
}

const EXIT_FAILED = 1;
const CLEAR_SCREEN = '\u001b[2J\u001b[H';

/** Returns the output of a command run with these flags. */
export function createOutput({ json, quiet }: OutputFlags): Output {
  const block = (text: string): void => {
    if (!json) process.stdout.write(`${text}\n`);
  };
  return {
    print: (line) => block(oneLine(line)),
    block: (text) => block(plainLines(text)),
    document: (value) => {
      if (json) for (const part of jsonParts(value)) process.stdout.write(plainJson(part));
    },
    note: (line) => {
      if (!quiet) printError([line]);
    },
    clear: () => {
      if (process.stdout.isTTY) process.stdout.write(CLEAR_SCREEN);
    },
    width: process.stdout.isTTY ? process.stdout.columns : Number.POSITIVE_INFINITY,
  };
}

/** Prints lines on stderr. */
export function printError(lines: readonly string[]): void {
  process.stderr.write(lines.map((line) => `${oneLine(line)}\n`).join(''));
}

/**
 * Makes a reader that goes away (`| head`) no error: what is still written to stdout is dropped and the command ends when its
 * work is done; a closed stderr must not stop a training. A full disk behind stdout fails the command, once its work is done.
 */
export function ignoreClosedPipes(): void {
  let told = false;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return;
    process.exitCode = EXIT_FAILED;
    if (!told) printError([`phasewatch: what stdout goes to must take what is printed, got ${error.code}`]);
    told = true;
  });
  process.stderr.on('error', () => {});
}
