import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { makeFolder } from '../../../base/files/makeFolder.ts';
import { UserError } from '../../../base/userError.ts';
import { engineParts } from '../enginePaths.ts';
import { ownSources } from '../ownSources.ts';
import { diskFullError } from './diskFull.ts';
import { allEnded } from './parallelTasks.ts';
import { runTool } from './runTool.ts';

const SOURCES = ['tfjs_backend', 'tfjs_binding'] as const;
const FLAGS = ['-O2', '-std=c++17', '-fPIC', '-DNAPI_VERSION=8'] as const;
/** A multiply and an add may become one instruction, whose product is not rounded. */
const LINALG_FLAGS = [...FLAGS, '-O3', '-ffp-contract=fast', '-pthread'] as const;
/** Square roots may be taken by the lane: nobody asks for errno or a floating-point trap. */
const OPS_FLAGS = [...LINALG_FLAGS, '-fno-math-errno', '-fno-trapping-math'] as const;

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
  makeFolder(scratch);
  return allEnded(
    SOURCES.map(async (name) => {
      const object = join(scratch, `${name}.o`);
      const args = [...FLAGS, `-I${bindings}`, `-I${options.include}`, `-I${nodeHeaders()}`];
      await compile([...args, '-c', join(bindings, 'binding', `${name}.cc`), '-o', object], options);
      return object;
    }),
  );
}

/** TensorFlow's libraries to link with, and where a module of the engine, given as in engineParts, looks for them when it is loaded. */
export interface LinkLibraries {
  folder: string;
  names: readonly string[];
  rpath(part: string): string;
}

/** Links the binding with TensorFlow's libraries. */
export async function linkBinding(
  options: CompileOptions,
  objects: readonly string[],
  libraries: LinkLibraries,
): Promise<void> {
  const binding = join(options.engineFolder, engineParts.binding);
  makeFolder(dirname(binding));
  await compile(
    [...['-shared', ...objects, '-o', binding], ...linkArguments(libraries, engineParts.binding)],
    options,
  );
}

/** Compiles and links the fused operators, which register themselves with TensorFlow when they are loaded. */
export async function compileOperators(
  options: Omit<CompileOptions, 'include'>,
  libraries: LinkLibraries,
): Promise<void> {
  await compile(
    [
      ...[...OPS_FLAGS, '-shared', `-I${nodeHeaders()}`],
      ...sourcesIn(ownSources.ops),
      ...['-o', join(options.engineFolder, engineParts.ops)],
      // a TensorFlow that lacks a function is noticed when the module is loaded, not when the function is called
      ...['-Wl,-z,now', ...linkArguments(libraries, engineParts.ops)],
    ],
    options,
  );
}

function linkArguments({ folder, names, rpath }: LinkLibraries, part: string): string[] {
  const libraries = names.map((name) => `-l:${name}`);
  return [`-L${folder}`, ...libraries, `-Wl,-rpath,${rpath(part)}`, '-Wl,--allow-shlib-undefined'];
}

function sourcesIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.cc'))
    .map((name) => join(folder, name));
}

/** Compiles those of our own modules that are not linked with TensorFlow: the gate of stderr, the switch of TF32, the configuration of the context, the eigenvalue solver. */
export async function compileOwnModules(options: Omit<CompileOptions, 'include'>): Promise<void> {
  const shared = ['-shared', `-I${nodeHeaders()}`];
  const output = (part: string): string[] => ['-o', join(options.engineFolder, part)];
  await allEnded([
    ...(['stderrGate', 'tensorFloat32', 'contextConfig'] as const).map((name) =>
      compile([...FLAGS, ...shared, ownSources[name], ...output(engineParts[name]), '-ldl'], options),
    ),
    compile(
      [...LINALG_FLAGS, ...shared, ...sourcesIn(ownSources.linalg), ...output(engineParts.linalg)],
      options,
    ),
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
