import { linkSync, readdirSync, readlinkSync, statSync, symlinkSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { makeFolder } from '../../../base/files/makeFolder.ts';
import { UserError } from '../../../base/userError.ts';
import { engineParts, OWN_MODULES } from '../enginePaths.ts';
import type { EngineManifest, LocatedEngine, NativeFile } from '../engineTypes.ts';
import type { PinnedWheel } from '../pins.ts';
import {
  type CompileOptions,
  compileObjects,
  compileOperators,
  compileOwnModules,
  type LinkLibraries,
  linkBinding,
} from './compileBinding.ts';
import { fetchWheel, PIP_FLAGS, runPip, sha256 } from './fetchWheel.ts';
import { findLibraries } from './findLibraries.ts';
import { installBindings } from './installBindings.ts';
import { allEnded, runTogether } from './parallelTasks.ts';
import { runTool } from './runTool.ts';
import type { ToolCommand } from './systemTools.ts';
import { openTensorflowWheel, WHEEL_LIBRARIES } from './unpackTensorflow.ts';
import { CUDA_EXTRA, leastVersions, requirementsOfExtra } from './wheelRequirements.ts';

/** The libraries of an engine that has its own. */
const ownLibraries = (engineFolder: string): LinkLibraries => ({
  folder: join(engineFolder, engineParts.tensorflow),
  names: WHEEL_LIBRARIES,
  rpath: (part) => `$ORIGIN/${relative(dirname(part), engineParts.tensorflow)}`,
});

/** Tags of the nvidia-* wheels, oldest C library first. */
const NVIDIA_PLATFORMS = ['manylinux2014', 'manylinux_2_17', 'manylinux_2_27'];

/** Where an engine is being put together. */
export interface BuildSite {
  /** The engine folder to be. */
  folder: string;
  /** Removed afterwards. */
  scratch: string;
  compiler: { command: string; version: string };
  /** Says how far the fetching, or the building, is. */
  onStatus: (task: 'TensorFlow' | 'tfjs-node', text: string) => void;
  signal: AbortSignal | undefined;
}

/** What a build adds to the manifest. */
export interface Built extends Pick<EngineManifest, 'origin' | 'origin_sha256' | 'nvidia' | 'compiler'> {
  libraries: NativeFile[];
}

/** Fetches TensorFlow's wheel and tfjs-node side by side and compiles the one's binding against the other's libraries. */
export async function buildFromWheel(
  { folder, scratch, compiler, onStatus, signal }: BuildSite,
  wheel: PinnedWheel,
  pip: ToolCommand,
  cuda: boolean,
): Promise<Built> {
  const say = (text: string): void => onStatus('TensorFlow', text);
  const [tensorflow] = await runTogether(
    async (signal) => {
      const path = await fetchWheel(wheel, { pip, scratch, onStatus: say, signal });
      const opened = openTensorflowWheel(path);
      await opened.unpackHeaders(folder, { onStatus: say, signal });
      return opened;
    },
    (signal) => fetchBindings(folder, onStatus, signal),
    signal,
  );
  const include = join(folder, engineParts.tensorflow, 'include');
  const [{ libraries, nvidia }, objects] = await runTogether(
    async (signal) => {
      const libraries = await tensorflow.unpackLibraries(folder, { onStatus: say, signal });
      const nvidia = cuda
        ? await fetchNvidiaLibraries(tensorflow.metadata, wheel, { folder, scratch, pip, say, signal })
        : [];
      return { libraries, nvidia };
    },
    (signal) => {
      onStatus('tfjs-node', 'compiling the binding');
      return compileAll({ compiler: compiler.command, engineFolder: folder, include, signal }, scratch);
    },
    signal,
  );
  onStatus('tfjs-node', 'linking the binding');
  await linkAll(
    { compiler: compiler.command, engineFolder: folder, include, signal },
    objects,
    ownLibraries(folder),
  );
  return { origin: wheel.file, origin_sha256: wheel.sha256, libraries, nvidia, compiler: compiler.version };
}

/**
 * Lays the nvidia-* wheels that TensorFlow's wheel names beside tensorflow/, where its libraries look for theirs. Returns their
 * names and versions.
 */
async function fetchNvidiaLibraries(
  metadata: string,
  wheel: PinnedWheel,
  {
    folder,
    scratch,
    pip,
    say,
    signal,
  }: { folder: string; scratch: string; pip: ToolCommand; say: (text: string) => void; signal: AbortSignal },
): Promise<string[]> {
  const requirements = leastVersions(requirementsOfExtra(metadata, CUDA_EXTRA));
  if (requirements.length === 0) {
    throw new UserError(`${wheel.file} must name NVIDIA's libraries in its extra ${CUDA_EXTRA}, got none`);
  }
  const architecture = wheel.platform.replace(/^manylinux_\d+_\d+_/, '');
  const args = [
    ...['install', ...PIP_FLAGS, '--no-compile'],
    ...['--python-version', wheel.pythonVersion, '--target', folder],
    ...NVIDIA_PLATFORMS.flatMap((platform) => ['--platform', `${platform}_${architecture}`]),
    ...requirements,
  ];
  await runPip(args, "NVIDIA's libraries", { pip, scratch, onStatus: say, signal });
  return readdirSync(folder).flatMap((name) => /^(nvidia_.*)\.dist-info$/.exec(name)?.[1] ?? []);
}

/** Fetches tfjs-node and compiles its binding against libraries that are there already, and stay where they are. */
export async function buildFromFolder(
  { folder, scratch, compiler, onStatus, signal }: BuildSite,
  from: string,
): Promise<Built> {
  const found = findLibraries(from);
  await fetchBindings(folder, onStatus, signal);
  onStatus('tfjs-node', 'compiling the binding');
  const options = { compiler: compiler.command, engineFolder: folder, include: found.include, signal };
  const objects = await compileAll(options, scratch);
  const { names } = found;
  await linkAll(options, objects, { folder: found.folder, names, rpath: () => found.folder });
  onStatus('TensorFlow', 'hashing the libraries');
  const libraries = await describeFiles(
    found.names.map((name) => join(found.folder, name)),
    (path) => path,
  );
  return { origin: from, origin_sha256: null, libraries, nvidia: [], compiler: compiler.version };
}

/** Fetches tfjs-node and runs its own installer, which fetches TensorFlow and a ready-made binding from its storage host. */
export async function buildOfficial(
  { folder, onStatus, signal }: Pick<BuildSite, 'folder' | 'onStatus' | 'signal'>,
  cuda: boolean,
): Promise<Built> {
  await fetchBindings(folder, onStatus, signal);
  onStatus('tfjs-node', 'running its own installer');
  const bindings = join(folder, engineParts.bindings);
  const { code, stdout, stderr } = await runTool(
    process.execPath,
    ['scripts/install.js', cuda ? 'gpu' : 'cpu', 'download'],
    {
      cwd: bindings,
      env: { PATH: `${join(folder, 'node_modules/.bin')}:${process.env.PATH ?? ''}` },
      signal,
    },
  );
  const built = statSync(join(folder, engineParts.binding), { throwIfNoEntry: false });
  if (code !== 0 || built === undefined) {
    const lines = `${stdout}\n${stderr}`.split('\n').map((line) => line.trim());
    const said = lines.find((line) => /error:|getaddrinfo|ECONN/i.test(line)) ?? 'no message';
    throw new UserError(
      `the installer of tfjs-node must end well, got exit code ${code}: ${said}`,
      'phasewatch engine install (without --official) needs only the package registries',
    );
  }
  const lib = join(bindings, 'deps/lib');
  const files = readdirSync(lib).filter((name) => /^libtensorflow.*\.so/.test(name));
  const libraries = await describeFiles(
    files.map((name) => join(lib, name)),
    (path) => path.slice(folder.length + 1),
  );
  return {
    origin: '@tensorflow/tfjs-node-gpu scripts/install.js',
    origin_sha256: null,
    libraries,
    nvidia: [],
    compiler: null,
  };
}

/**
 * Brings an engine that was built from a wheel up to date with our own sources: its files are shared with the old one, and only our own
 * modules are compiled. Nothing is fetched.
 */
export async function buildFromOlder(
  { folder, compiler, onStatus, signal }: BuildSite,
  older: LocatedEngine,
): Promise<Built> {
  const { origin, origin_sha256, files, nvidia } = older.manifest;
  onStatus('tfjs-node', 'compiling what is new');
  shareFiles(older.folder, folder, new Set([...OWN_MODULES, engineParts.manifest]));
  const options = { compiler: compiler.command, engineFolder: folder, signal };
  await allEnded([compileOwnModules(options), compileOperators(options, ownLibraries(folder))]);
  const libraries = files.filter(({ file }) => dirname(file) === engineParts.tensorflow);
  return { origin, origin_sha256, libraries, nvidia, compiler: compiler.version };
}

/** Links every file of a folder into another one, which may have some already. */
function shareFiles(from: string, to: string, except: ReadonlySet<string>): void {
  for (const entry of readdirSync(from, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const name = relative(from, path);
    if (entry.isDirectory()) makeFolder(join(to, name));
    else if (entry.isSymbolicLink()) symlinkSync(readlinkSync(path), join(to, name));
    else if (!except.has(name)) linkSync(path, join(to, name));
  }
}

/** Links the binding with TensorFlow, and compiles the operators, which are linked with it too. */
async function linkAll(
  options: CompileOptions,
  objects: readonly string[],
  libraries: LinkLibraries,
): Promise<void> {
  await allEnded([linkBinding(options, objects, libraries), compileOperators(options, libraries)]);
}

/** Compiles all that does not need TensorFlow's libraries and returns the object files that are still to be linked with them. */
async function compileAll(options: CompileOptions, scratch: string): Promise<string[]> {
  const objects = compileObjects(options, scratch);
  await allEnded<unknown>([objects, compileOwnModules(options)]);
  return objects;
}

async function fetchBindings(
  folder: string,
  onStatus: BuildSite['onStatus'],
  signal: AbortSignal | undefined,
): Promise<void> {
  onStatus('tfjs-node', 'fetching tfjs-node');
  await installBindings(folder, signal);
  onStatus('tfjs-node', 'tfjs-node is there');
}

/** Returns size and SHA-256 of the files, each under the name that `name` gives its path. */
export function describeFiles(
  paths: readonly string[],
  name: (path: string) => string,
): Promise<NativeFile[]> {
  return Promise.all(
    paths.map(async (path) => ({ file: name(path), bytes: statSync(path).size, sha256: await sha256(path) })),
  );
}
