import type { Argv, CommandModule, Options, PositionalOptions } from 'yargs';
import { COMMANDS } from '../src/cli/commands.ts';

/** What a command tells yargs of itself. */
interface Declared {
  positionals: [name: string, options: PositionalOptions][];
  options: [name: string, options: Options][];
  examples: [command: string, description: string][];
  actions: CommandModule[];
}

const MAX_LINE = 100;

/** Returns docs/reference/commands.md. */
export async function commandsMarkdown(): Promise<string> {
  const shown = Object.values(COMMANDS).filter(({ hidden }) => hidden !== true);
  const sections: string[] = [];
  const tables = new Map<string, string>();
  for (const { usage, summary, load } of shown)
    sections.push(section('##', usage, summary, await load(), tables));
  return `${[INTRODUCTION, ...sections].join('\n\n')}\n`;
}

/** `tables` are those of the commands before, so that arguments two commands share stand there once. */
function section(
  level: string,
  usage: string,
  summary: string,
  module: CommandModule,
  tables: Map<string, string>,
): string {
  const { positionals, options, examples, actions } = declared(module);
  const name = usage.replace(/ [[<].*/, '');
  const rows = [
    ...positionals.map(([key, meaning]) => row(key.toUpperCase(), meaning)),
    ...options.filter(([, { hidden }]) => hidden !== true).map(([key, option]) => optionRow(key, option)),
  ];
  const table = ['| argument | meaning | default |', '|---|---|---|', ...rows].join('\n');
  const known = rows.length > 2 ? tables.get(table) : undefined;
  if (known === undefined) tables.set(table, name);
  return [
    `${level} ${name}`,
    `    phasewatch ${usage}`,
    `${summary[0]!.toUpperCase()}${summary.slice(1)}.`,
    ...(rows.length === 0 ? [] : [known === undefined ? table : `Its arguments are those of \`${known}\`.`]),
    ...(examples.length === 0 ? [] : [exampleBlock(examples)]),
    ...actions.map((action) =>
      section('###', `${name} ${action.command}`, String(action.describe), action, tables),
    ),
  ].join('\n\n');
}

/** Asks a command's module for its arguments, with a parser that notes them and parses nothing. */
function declared({ builder }: CommandModule): Declared {
  const noted: Declared = { positionals: [], options: [], examples: [], actions: [] };
  const recorder = {
    positional: (name: string, options: PositionalOptions) => note(noted.positionals, [name, options]),
    option: (name: string, options: Options) => note(noted.options, [name, options]),
    options: (all: Record<string, Options>) => note(noted.options, ...Object.entries(all)),
    example: (command: string, description: string) => note(noted.examples, [command, description]),
    command: (module: CommandModule) => note(noted.actions, module),
    demandCommand: () => recorder,
  };
  function note<T>(list: T[], ...items: T[]): typeof recorder {
    list.push(...items);
    return recorder;
  }
  if (typeof builder === 'function') builder(recorder as unknown as Argv);
  return noted;
}

function optionRow(key: string, option: Options): string {
  const { type, choices, describe = '' } = option;
  // Options behind a dot say of themselves how they are written.
  const [, written] = /^(--\S+ VALUE): /.exec(describe) ?? [];
  if (written !== undefined) return row(written, { ...option, describe: describe.slice(written.length + 2) });
  if (type === 'boolean') return row(`--${key}`, option);
  const listed = choices?.join(', ') ?? '';
  const meaning = listed === '' || describe.includes(`${choices![0]}:`) ? describe : `${describe}: ${listed}`;
  return row(`--${key} VALUE`, { ...option, describe: meaning });
}

function row(name: string, { describe = '', default: value, demandOption }: Options): string {
  // What the help says of the machine it is asked on.
  const meaning = describe
    .replace(/ \(this machine has .*?\)/, '')
    .replaceAll('|', '\\|')
    .replaceAll('<', '\\<');
  const none = value === undefined || value === false || (Array.isArray(value) && value.length === 0);
  return `| \`${name}\` | ${meaning} | ${demandOption === true ? 'must be given' : none ? '' : `\`${value}\``} |`;
}

/** Commands with what they do behind them, or above them where the line would be too long. */
function exampleBlock(examples: readonly [string, string][]): string {
  const commands = examples.map(([command]) => `    ${command.replace('$0', 'phasewatch')}`);
  const fits = commands.map((command, i) => command.length + examples[i]![1].length + 4 <= MAX_LINE);
  const width = Math.max(0, ...commands.filter((_, i) => fits[i]).map((command) => command.length));
  return commands
    .flatMap((command, i) => {
      const remark = `# ${examples[i]![1]}`;
      const aligned = `${command.padEnd(width)}  ${remark}`;
      if (aligned.length <= MAX_LINE) return [aligned];
      return fits[i] ? [`${command}  ${remark}`] : [`    ${remark}`, command];
    })
    .join('\n');
}

const INTRODUCTION = `# Commands

This page is generated from what the commands say of themselves
(\`npm run reference\`); \`phasewatch COMMAND --help\` shows the same.

Every command takes \`--json\` (one JSON document on stdout, nothing else there), \`--quiet\` (no
progress and no remarks) and \`--help\`. Exit codes: 0 done; 1 not done: a run failed, a file is
damaged; 2 wrong usage, config or input; 130 and 143 interrupted.`;
