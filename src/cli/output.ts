import { stripVTControlCharacters } from 'node:util';

export interface OutputFlags {
  json: boolean;
  quiet: boolean;
}

/** Where the words of a command go: results to stdout, remarks to stderr. */
export interface Output {
  /** Prints a result for people; nothing with `--json`. */
  print(text: string): void;
  /** Prints the one JSON document of `--json`; nothing without it. Numbers that JSON does not have become null. */
  document(value: object): void;
  /** Prints a remark on the way; nothing with `--quiet`. */
  note(text: string): void;
  /** Columns of the terminal, or Infinity where the result goes to a file or a pipe. */
  width: number;
}

/** Returns the output of a command run with these flags. */
export function createOutput({ json, quiet }: OutputFlags): Output {
  return {
    print: (text) => {
      if (!json) process.stdout.write(`${text}\n`);
    },
    document: (value) => {
      if (json) process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
    },
    note: (text) => {
      if (!quiet) process.stderr.write(`${text}\n`);
    },
    width: process.stdout.isTTY ? process.stdout.columns : Number.POSITIVE_INFINITY,
  };
}

/**
 * Makes a reader that goes away (`| head`) no error: what is still written to stdout is dropped and the command ends when its
 * work is done; a closed stderr must not stop a training.
 */
export function ignoreClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
}

/** Returns the text without what a terminal would obey: errors may quote the contents of files. */
export function printable(text: string): string {
  return stripVTControlCharacters(text).replace(/(?![\n\t])\p{Cc}/gu, '?');
}
