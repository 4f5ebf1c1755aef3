import { mkdirSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { UserError } from '../../../base/userError.ts';
import { engineParts } from '../enginePaths.ts';
import { ownSources } from '../ownSources.ts';
import { diskFullError } from './diskFull.ts';
import { runTool } from './runTool.ts';

const SOURCES = ['tfjs_backend', 'tfjs_binding'] as const;
const FLAGS = ['-O2', '-std=c++17', '-fPIC', '-DNAPI_VERSION=8'] as const;
/** A multiply and an add may become one instruction, whose product is not rounded. */
const LINALG_FLAGS = [...FLAGS, '-O3', '-ffp-contract=fast', '-pthread'] as const;

export interface CompileOptions {
  compiler: string;
  engineFolder: string;
  /** Folder with TensorFlow's headers. */
  include: string;
  signal?: AbortSignal | undefined;
}

/** Returns the object files of tfjs-node's binding, compiled in `scratch`. Throws UserError with the compiler's first error. */
export async function compileObjects(options: CompileOptions, scratch: string): Promise<string[]> {
  const bindings = join(options.engineFolder, engineParts.bindings);
  mkdirSync(scratch, { recursive: true });
  return Promise.all(
    SOURCES.map(async (name) => {
      const object = join(scratch, `${name}.o`);
      const args = [...FLAGS, `-I${bindings}`, `-I${options.include}`, `-I${nodeHeaders()}`];
      await compile([...args, '-c', join(bindings, 'binding', `${name}.cc`), '-o', object], options);
      return object;
    }),
  );
}

/** Libraries to link with, and where the binding looks for them when it is loaded. */
export interface LinkLibraries {
  folder: string;
  names: readonly string[];
  rpath: string;
}

/** Links the binding with TensorFlow's libraries. */
export async function linkBinding(
  options: CompileOptions,
  objects: readonly string[],
  libraries: LinkLibraries,
): Promise<void> {
  const binding = join(options.engineFolder, engineParts.binding);
  mkdirSync(dirname(binding), { recursive: true });
  await compile(
    [
      ...['-shared', ...objects, '-o', binding, `-L${libraries.folder}`],
      ...libraries.names.map((library) => `-l:${library}`),
      ...[`-Wl,-rpath,${libraries.rpath}`, '-Wl,--allow-shlib-undefined'],
    ],
    options,
  );
}

/** Compiles our own modules, which know nothing of TensorFlow: the gate of stderr and the eigenvalue solver. */
export async function compileOwnModules(options: Omit<CompileOptions, 'include'>): Promise<void> {
  const shared = ['-shared', `-I${nodeHeaders()}`];
  const linalg = readdirSync(ownSources.linalg)
    .filter((name) => name.endsWith('.cc'))
    .map((name) => join(ownSources.linalg, name));
  const output = (part: string): string[] => ['-o', join(options.engineFolder, part)];
  await Promise.all([
    compile([...FLAGS, ...shared, ownSources.stderrGate, ...output(engineParts.stderrGate)], options),
    compile([...LINALG_FLAGS, ...shared, ...linalg, ...output(engineParts.linalg)], options),
  ]);
}

async function compile(
  args: readonly string[],
  { compiler, signal }: Pick<CompileOptions, 'compiler' | 'signal'>,
): Promise<void> {
  const { code, stderr } = await runTool(compiler, args, { signal });
  if (code === 0) return;
  const full = diskFullError('the binding', stderr);
  if (full !== null) throw full;
  const first = stderr.split('\n').find((line) => /error|cannot find|undefined reference/i.test(line));
  throw new UserError(
    `the binding must compile with ${compiler}, got exit code ${code}: ${first?.trim() ?? stderr.trim()}`,
    `C++17 and glibc 2.27 are needed (GCC 8 or newer); see ${compiler} --version`,
  );
}

function nodeHeaders(): string {
  return createRequire(import.meta.url)('node-api-headers').include_dir;
}
