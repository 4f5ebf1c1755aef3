import { accessSync, constants, existsSync, statfsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { compareVersions } from '../../../base/files/compareVersions.ts';
import { makeFolder } from '../../../base/files/makeFolder.ts';
import { UserError } from '../../../base/userError.ts';
import { runTool } from './runTool.ts';

/** A program, and the arguments that stand before its own: `python3 -m pip`. */
export type ToolCommand = readonly [string, ...string[]];

const PIP_COMMANDS: readonly ToolCommand[] = [
  ['python3', '-m', 'pip'],
  ['pip3'],
  ['python', '-m', 'pip'],
  ['pip'],
];
/** The first that knows the platform tags of today's wheels (PEP 600). */
const MINIMUM_PIP = '20.3';

const COMPILER_COMMANDS: readonly ToolCommand[] = [['g++'], ['c++'], ['clang++']];

/** What package managers call the package that brings a tool. */
const PACKAGES = {
  'apt-get': { pip: 'python3-pip', compiler: 'g++', npm: 'npm' },
  dnf: { pip: 'python3-pip', compiler: 'gcc-c++', npm: 'npm' },
  yum: { pip: 'python3-pip', compiler: 'gcc-c++', npm: 'npm' },
  zypper: { pip: 'python3-pip', compiler: 'gcc-c++', npm: 'npm' },
  pacman: { pip: 'python-pip', compiler: 'gcc', npm: 'npm' },
} as const;

type Tool = 'pip' | 'compiler' | 'npm';

/** Returns the command of this machine's package manager that installs `tool`. */
export function installCommand(tool: Tool): string {
  for (const [manager, packages] of Object.entries(PACKAGES)) {
    if (!onPath(manager)) continue;
    const verb = manager === 'pacman' ? '-S --noconfirm' : 'install -y';
    return `sudo ${manager} ${verb} ${packages[tool]}`;
  }
  return `install ${PACKAGES['apt-get'][tool]} with the package manager of this machine`;
}

/** Returns the command that runs pip. Throws UserError when none of the usual ones answers, or all are too old. */
export async function findPip(): Promise<ToolCommand> {
  let old: { command: ToolCommand; version: string } | null = null;
  for (const command of PIP_COMMANDS) {
    const answer = await firstThatAnswers([command]);
    if (answer === null) continue;
    const version = /^pip (\d+(?:\.\d+)*)/.exec(answer.version)?.[1] ?? '0';
    if (compareVersions(version, MINIMUM_PIP) >= 0) return command;
    old ??= { command, version };
  }
  if (old !== null) {
    throw new UserError(
      `pip must be ${MINIMUM_PIP} or newer to fetch TensorFlow, got ${old.version}`,
      `${old.command.join(' ')} install --user --upgrade pip`,
    );
  }
  throw new UserError(
    'pip for Python 3 must be installed to fetch TensorFlow, got none of: python3 -m pip, pip3, pip',
    installCommand('pip'),
  );
}

/** Returns the C++ compiler and the first line of its version. Throws UserError when there is none. */
export async function findCompiler(): Promise<{ command: string; version: string }> {
  const compiler = await firstThatAnswers(COMPILER_COMMANDS);
  if (compiler !== null) return { command: compiler.command[0], version: compiler.version };
  throw new UserError(
    'a C++ compiler must be installed to build the binding, got none of: g++, c++, clang++',
    installCommand('compiler'),
  );
}

/** Throws UserError when npm does not answer. */
export async function requireNpm(): Promise<void> {
  if ((await firstThatAnswers([['npm']])) !== null) return;
  throw new UserError('npm must be on the PATH to fetch tfjs-node, got none', installCommand('npm'));
}

/** Returns the first command that answers `--version` with exit code 0, and the first line of its answer; null when none does. */
export async function firstThatAnswers(
  commands: readonly ToolCommand[],
): Promise<{ command: ToolCommand; version: string } | null> {
  for (const command of commands) {
    try {
      const { code, stdout } = await runTool(command[0], [...command.slice(1), '--version']);
      if (code === 0) return { command, version: stdout.trim().split('\n', 1)[0]! };
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
    }
  }
  return null;
}

/** Makes `folder`. Throws UserError when it cannot be made or written to. */
export function requireWritable(folder: string): void {
  try {
    makeFolder(folder);
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new UserError(
      `the engine's folder must be writable, got ${(error as NodeJS.ErrnoException).code}: ${folder}`,
      'choose another folder: export PHASEWATCH_CACHE=DIR',
    );
  }
}

/** Throws UserError when the file system of `folder` has less than `bytes` free. */
export function requireDiskSpace(folder: string, bytes: number, freeBytes = freeDiskBytes): void {
  const free = freeBytes(folder);
  if (free >= bytes) return;
  throw new UserError(
    `the disk of ${folder} must have ${gigabytes(bytes)} GB free for the engine, got ${gigabytes(free)} GB`,
    'free some space, or choose another disk: export PHASEWATCH_CACHE=DIR',
  );
}

/** Returns the bytes that this user may still write to the file system of `folder`, or of its nearest parent that exists. */
export function freeDiskBytes(folder: string): number {
  let existing = folder;
  while (!existsSync(existing)) existing = dirname(existing);
  const { bavail, bsize } = statfsSync(existing);
  return bavail * bsize;
}

function onPath(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));
}

function gigabytes(bytes: number): string {
  return (bytes / 1e9).toFixed(1);
}
