import yargs, { type Argv } from 'yargs';
import { packageVersion } from '../base/files/packageVersion.ts';
import { systemFailure } from '../base/files/systemError.ts';
import { Interrupted } from '../base/interrupted.ts';
import { didYouMean } from '../base/nearestName.ts';
import { UserError } from '../base/userError.ts';
import { COMMANDS } from './commands.ts';

import { printError } from './output.ts';

const EXIT_FAILED = 1;
const EXIT_WRONG_USE = 2;
const MAX_HELP_WIDTH = 110;

/**
 * Runs the command that the words of a command line ask for. What goes wrong is told on stderr; the exit code is in
 * `process.exitCode`.
 */
export async function runCommandLine(words: readonly string[]): Promise<void> {
  try {
    await callCommand(words);
  } catch (error) {
    process.exitCode = reportError(error);
  }
}

async function callCommand(words: readonly string[]): Promise<void> {
  const name = words.find((word) => !word.startsWith('-'));
  const wanted = name === undefined ? undefined : COMMANDS[name];
  if (name !== undefined && wanted === undefined) {
    const known = Object.keys(COMMANDS).filter((command) => COMMANDS[command]!.hidden !== true);
    throw new UserError(
      `unknown command: ${name}${didYouMean(name, known)}`,
      `Commands: ${known.join(', ')}`,
    );
  }

  const parser = await describeCommands(wanted);
  let misused = false;
  parser.fail((message, error: Error | undefined) => {
    misused = error === undefined || error.name === 'YError';
    throw error ?? new Error(message);
  });
  try {
    await parser.parseAsync(words);
  } catch (error) {
    // What a command throws itself comes through here too; only complaints about the words are worded anew.
    if (!misused) throw error;
    throw await usageError((error as Error).message, words, name, parser);
  }
}

async function describeCommands(wanted: (typeof COMMANDS)[string] | undefined): Promise<Argv> {
  const parser = yargs()
    .scriptName('phasewatch')
    .usage(
      '$0 <command>\n\nTrains networks across batch sizes and names the phase of training of each layer.',
    )
    .parserConfiguration({ 'greedy-arrays': false, 'parse-positional-numbers': false })
    .options({
      json: {
        type: 'boolean',
        default: false,
        describe: 'print one JSON document on stdout, nothing else there',
      },
      quiet: { type: 'boolean', default: false, describe: 'print no progress and no remarks' },
    })
    .strict()
    .demandCommand(1, 'a command is missing')
    .check(refuseRepeated)
    .check(refuseEmpty)
    .exitProcess(false)
    .wrap(Math.min(MAX_HELP_WIDTH, process.stdout.columns ?? MAX_HELP_WIDTH))
    .alias('h', 'help')
    .version(packageVersion())
    .example('$0 run configs/quick.yaml', 'train every run of the config, analyze, report')
    .example('$0 run --help', 'options and examples of a command')
    .epilogue(
      'Exit codes: 0 done; 1 not done (a run failed, a file is damaged); 2 wrong usage, config or input; 130 interrupted.',
    );
  for (const command of Object.values(COMMANDS)) {
    if (command === wanted) {
      const module = await command.load();
      parser.command({ ...module, command: command.usage, describe: command.summary });
    } else if (command.hidden !== true) {
      parser.command(command.usage, command.summary);
    }
  }
  return parser;
}

/** yargs makes a list of an option given twice, which no handler expects of one that is no list. */
function refuseRepeated(args: Record<string, unknown>, options: Record<string, unknown>): true {
  const lists = new Set(options.array as string[] | undefined);
  for (const [key, value] of Object.entries(args)) {
    if (Array.isArray(value) && key !== '_' && !lists.has(key) && key in (options.key as object)) {
      throw new UserError(`--${key} must be given once, got ${value.length} times: ${value.join(', ')}`);
    }
  }
  return true;
}

/** An empty path would mean the working folder. Names of layers may be empty. */
function refuseEmpty({ layers: _, ...args }: Record<string, unknown>): true {
  for (const [key, value] of Object.entries(args)) {
    if (value === '' || (Array.isArray(value) && key !== 'set' && value.includes(''))) {
      throw new UserError(`${key} must not be empty, got ''`);
    }
  }
  return true;
}

async function usageError(
  message: string,
  words: readonly string[],
  name: string | undefined,
  parser: Argv,
): Promise<UserError> {
  const remedy = `See phasewatch ${name === undefined ? '' : `${name} `}--help`;
  if (name !== undefined && message.startsWith('Not enough non-option arguments')) {
    return new UserError(`an argument is missing: phasewatch ${COMMANDS[name]!.usage}`, remedy);
  }
  const choices = [...message.matchAll(/^ *Argument: (\S+), Given: (.*), Choices: (.*)$/gm)];
  if (choices.length > 0) {
    const wrong = choices.map(([, key, given, known]) => `--${key} must be one of ${known}, got ${given}`);
    return new UserError(wrong, remedy);
  }
  const unknown = /^Unknown arguments?: ([^,\s]+)/.exec(message)?.[1];
  if (unknown === undefined) return new UserError(message, remedy);
  const help = await parser.getHelp();
  if (words.includes(unknown)) {
    const actions = [...help.matchAll(new RegExp(`^ +phasewatch ${name} ([a-z]+)`, 'gm'))].map(
      ([, action]) => action!,
    );
    return new UserError(`unexpected argument: ${unknown}${didYouMean(unknown, actions)}`, remedy);
  }
  const known = [...new Set(help.match(/--[a-z][a-zA-Z.-]*/g))];
  return new UserError(`unknown option: --${unknown}${didYouMean(`--${unknown}`, known)}`, remedy);
}

function reportError(error: unknown): number {
  // A wait that an interrupt cut short.
  const { cause } = error as { cause?: unknown };
  if (error instanceof Interrupted) return error.exitCode;
  if (cause instanceof Interrupted) return cause.exitCode;
  if (error instanceof UserError) {
    const [first, ...others] = error.lines;
    printError([`phasewatch: ${first}`, ...others, ...(error.remedy === undefined ? [] : [error.remedy])]);
    return EXIT_WRONG_USE;
  }
  const failure = systemFailure(error);
  if (failure !== null) {
    printError([`phasewatch: ${failure.text}`]);
    return failure.circumstances ? EXIT_FAILED : EXIT_WRONG_USE;
  }
  const told = error instanceof Error ? (error.stack ?? error.message) : String(error);
  printError(`phasewatch: ${told}`.split('\n'));
  return EXIT_FAILED;
}
