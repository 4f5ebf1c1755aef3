import { existsSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../../../base/files/atomicWrite.ts';
import { compareVersions } from '../../../base/files/compareVersions.ts';
import { takeLock } from '../../../base/files/lock.ts';
import { makeFolder } from '../../../base/files/makeFolder.ts';
import { UserError } from '../../../base/userError.ts';
import { CURRENT_ENGINE, engineParts, enginesFolder, OWN_MODULES } from '../enginePaths.ts';
import type { EngineManifest, EngineSource, EngineVariant, LocatedEngine } from '../engineTypes.ts';
import { readEngine, readWholeEngine } from '../locateEngine.ts';
import { ownSourcesSha256 } from '../ownSources.ts';
import { BINDINGS_VERSION, type PinnedWheel, pinnedWheel, TENSORFLOW_VERSION } from '../pins.ts';
import {
  type BuildSite,
  type Built,
  buildFromFolder,
  buildFromOlder,
  buildFromWheel,
  buildOfficial,
  describeFiles,
} from './buildEngine.ts';
import { diskFullError } from './diskFull.ts';
import { listGpus, requireUsableGpu } from './gpu.ts';
import { pruneBindings } from './installBindings.ts';
import type { InstallOptions } from './installOptions.ts';
import { smokeCheck } from './smokeCheck.ts';
import {
  findCompiler,
  findPip,
  freeDiskBytes,
  requireDiskSpace,
  requireNpm,
  requireWritable,
} from './systemTools.ts';

/** manylinux_2_27, the platform of the pinned wheels. */
const MINIMUM_GLIBC = '2.27';

/** Names that are no engine: what is being put together, and what has been replaced. */
const UNFINISHED = '.installing-';
const REPLACED = '.replaced-';

/** Disk that an installation takes at its peak, with a tenth to spare: archives and what is unpacked from them. */
export const DISK_NEEDED: Readonly<Record<EngineSource, Record<EngineVariant, number>>> = {
  wheel: { cpu: 1.7e9, cuda: 11e9 },
  folder: { cpu: 0.4e9, cuda: 0.4e9 },
  official: { cpu: 1.5e9, cuda: 3e9 },
};

/** The same where an engine is brought up to date, which shares the files of the older one. */
const DISK_NEEDED_FOR_UPDATE = 0.05e9;

/** A new stage is told at once, a count that goes on this often. */
const COUNTER_INTERVAL_MS = 500;

/** An engine that is there now, and whether this call made it. */
export interface Installation {
  engine: LocatedEngine;
  installed: boolean;
}

/**
 * Installs the native engine into the cache and makes it the one in use; returns at once when it is there already, unless `force`.
 * Put together in a folder of its own and renamed at the end: an interrupted installation leaves nothing that is taken for an
 * engine, and what it leaves is swept by the next. Throws UserError that names what is missing and the command that mends it.
 */
export async function installEngine(options: InstallOptions = {}): Promise<Installation> {
  const { signal, onMessage } = options;
  const source: EngineSource = options.official ? 'official' : options.lib !== undefined ? 'folder' : 'wheel';
  const variant = await chooseVariant(options);
  const wheel = source === 'wheel' ? (options.wheel ?? requireWheel(variant)) : null;
  const folder = enginesFolder();
  requireWritable(folder);
  const startedAt = new Date();
  const release = await takeLock(folder, {
    signal,
    onWait: ({ pid, host, since }) =>
      onMessage?.(`waiting for the installation that process ${pid} on ${host} began at ${since}`),
  });
  try {
    sweep(folder);
    const there = wheel === null ? null : readyEngine(folder, `${TENSORFLOW_VERSION}-${variant}`);
    if (there !== null && (!options.force || Date.parse(there.manifest.installed_at) > startedAt.getTime())) {
      switchTo(folder, there.folder);
      return { engine: there, installed: false };
    }
    const older = wheel === null || options.force ? null : olderEngine(folder, variant);
    const engine = await build(folder, source, variant, wheel, older, options);
    return { engine, installed: true };
  } finally {
    release();
  }
}

async function chooseVariant({ variant, lib, official }: InstallOptions): Promise<EngineVariant> {
  if (variant === 'cpu') return 'cpu';
  const gpus = await listGpus();
  const chosen =
    variant ??
    (gpus.length > 0 && lib === undefined && pinnedWheel('cuda', process.arch) !== null ? 'cuda' : 'cpu');
  // a login node may have no GPU where the nodes that train have them: without one nothing is checked
  if (chosen === 'cuda' && !official) requireUsableGpu(gpus);
  return chosen;
}

function requireWheel(variant: EngineVariant): PinnedWheel {
  const wheel = process.platform === 'linux' ? pinnedWheel(variant, process.arch) : null;
  if (wheel === null && variant === 'cuda' && process.arch === 'arm64') {
    throw new UserError(
      `the CUDA build of TensorFlow ${TENSORFLOW_VERSION} must be for x64, got arm64: its wheel there is without CUDA (tensorflow issue 121157)`,
      'phasewatch engine install --cpu, or --lib DIR with a TensorFlow built with CUDA for arm64',
    );
  }
  if (wheel === null) {
    throw new UserError(
      `TensorFlow ${TENSORFLOW_VERSION} for ${variant} must have a build for this machine, got ${process.platform} ${process.arch}`,
      'phasewatch engine install --cpu (Linux x64, arm64), --official, or --lib DIR with a libtensorflow of your own',
    );
  }
  const { header } = process.report.getReport() as unknown as { header: { glibcVersionRuntime?: string } };
  const glibc = header.glibcVersionRuntime;
  if (glibc === undefined || compareVersions(glibc, MINIMUM_GLIBC) < 0) {
    throw new UserError(
      `the C library must be glibc ${MINIMUM_GLIBC} or newer for TensorFlow ${TENSORFLOW_VERSION}, got ${glibc ?? 'another (musl?)'}`,
      'use a Linux with a newer glibc (Debian 10, Ubuntu 18.10, Fedora 28 or later), or a container of one',
    );
  }
  return wheel;
}

async function build(
  engines: string,
  source: EngineSource,
  variant: EngineVariant,
  wheel: PinnedWheel | null,
  older: LocatedEngine | null,
  options: InstallOptions,
): Promise<LocatedEngine> {
  const { signal, onMessage, lib } = options;
  if (older === null) await requireNpm();
  const pip = wheel === null || older !== null ? null : await findPip();
  const compiler = source === 'official' ? null : await findCompiler();
  const needed = older === null ? DISK_NEEDED[source][variant] : DISK_NEEDED_FOR_UPDATE;
  requireDiskSpace(engines, needed, options.freeBytes ?? freeDiskBytes);

  const folder = join(engines, `${UNFINISHED}${process.pid}-${Date.now()}`);
  const scratch = join(folder, 'scratch');
  try {
    makeFolder(scratch);
    const status = new Map<string, string>();
    const last = { stage: '', at: 0 };
    const onStatus: BuildSite['onStatus'] = (task, text) => {
      status.set(task, text);
      const message = [...status.values()].join('; ');
      const stage = message.replace(/\d+/g, '');
      if (stage === last.stage && Date.now() - last.at < COUNTER_INTERVAL_MS) return;
      Object.assign(last, { stage, at: Date.now() });
      onMessage?.(message);
    };
    const site = { folder, scratch, onStatus, signal };
    let built: Built;
    if (older !== null) built = await buildFromOlder({ ...site, compiler: compiler! }, older);
    else if (wheel !== null)
      built = await buildFromWheel({ ...site, compiler: compiler! }, wheel, pip!, variant === 'cuda');
    else if (lib !== undefined) built = await buildFromFolder({ ...site, compiler: compiler! }, lib);
    else built = await buildOfficial(site, variant === 'cuda');

    onMessage?.('trying the engine');
    rmSync(scratch, { recursive: true });
    await pruneBindings(folder);
    const { tensorflow, operators } = await smokeCheck(folder, signal);
    // Without them the graph has TensorFlow's own.
    if (!operators) rmSync(join(folder, engineParts.ops), { force: true });
    const { libraries, ...rest } = built;
    const compiled = [engineParts.binding, ...OWN_MODULES]
      .map((file) => join(folder, file))
      .filter(existsSync);
    const manifest: EngineManifest = {
      schema: 1,
      tensorflow,
      bindings: BINDINGS_VERSION,
      own_sources_sha256: ownSourcesSha256(),
      variant,
      source,
      ...rest,
      files: [...libraries, ...(await describeFiles(compiled, (path) => path.slice(folder.length + 1)))],
      platform: process.platform,
      arch: process.arch,
      installed_at: new Date().toISOString(),
    };
    writeFileAtomic(join(folder, engineParts.manifest), `${JSON.stringify(manifest, null, 2)}\n`);
    signal?.throwIfAborted();
    const final = join(engines, `${tensorflow}-${source === 'wheel' ? variant : source}`);
    if (existsSync(final)) renameSync(final, join(engines, `${REPLACED}${process.pid}-${Date.now()}`));
    renameSync(folder, final);
    switchTo(engines, final);
    sweep(engines);
    return { folder: final, manifest };
  } catch (error) {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    const said = error instanceof UserError ? '' : String(error);
    throw diskFullError('the engine', said) ?? error;
  }
}

function readyEngine(engines: string, name: string): LocatedEngine | null {
  const found = readEngine(join(engines, name));
  return 'engine' in found ? found.engine : null;
}

/** Returns an engine of these versions that only our own sources have left behind. */
function olderEngine(engines: string, variant: EngineVariant): LocatedEngine | null {
  const found = readWholeEngine(join(engines, `${TENSORFLOW_VERSION}-${variant}`));
  return 'engine' in found && found.engine.manifest.source === 'wheel' ? found.engine : null;
}

/** Makes `current` lead to the engine by one rename. */
function switchTo(engines: string, engine: string): void {
  const link = join(engines, `${UNFINISHED}link-${process.pid}`);
  rmSync(link, { force: true });
  symlinkSync(engine.slice(engine.lastIndexOf('/') + 1), link);
  renameSync(link, join(engines, CURRENT_ENGINE));
}

/** Removes what interrupted installations have left. Only under the lock. */
function sweep(engines: string): void {
  for (const name of readdirSync(engines)) {
    if (!name.startsWith(UNFINISHED) && !name.startsWith(REPLACED)) continue;
    try {
      rmSync(join(engines, name), { recursive: true, force: true });
    } catch {
      // a tool that outlived its killed installation still writes there: the next sweep has it
    }
  }
}
