import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism, cpus, hostname, release, totalmem } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { writeFileAtomic } from '../../base/files/atomicWrite.ts';
import { compareVersions } from '../../base/files/compareVersions.ts';
import { packageVersion } from '../../base/files/packageVersion.ts';
import { readJson } from '../../base/files/readFile.ts';
import { sha256 } from '../../base/sha256.ts';
import { UserError } from '../../base/userError.ts';
import type { RunLayout } from './layout.ts';
import { writeRunChecksums } from './resultsChecksums.ts';
import type { RunStatus } from './runStatus.ts';

/** What trained a run besides its config. */
export interface Environment {
  phasewatch: string;
  node: string;
  tensorflow: string;
  tfjs: string;
  /** State of the checkout that phasewatch or, installed, the working folder is in; null outside of any. */
  git: { commit: string; diff_sha256: string | null } | null;
  host: string;
  platform: string;
  cpu: string;
  cores: number;
  memory_bytes: number;
  /** True when TensorFlow sees a GPU. */
  gpu: boolean;
  /** Whether the GPU's float32 products may have been taken in TensorFloat-32; missing in files of older versions. */
  tensor_float_32?: boolean;
  /** What the engine's fused operators computed with, `avx512` or `avx2`; null where TensorFlow's own were used. */
  fused_operators: string | null;
  device: string | null;
  threads: number | null;
}

/** What asked for the training. */
export interface Source {
  /** Relative to the working folder, so that published results tell nothing of the machine's folders. */
  config_file: string;
  overrides: readonly string[];
  /** The command line behind `phasewatch`. */
  command: string;
}

/** A stretch of training in one process; a run that was interrupted has several. */
export interface Session extends Source, Environment {
  started_at: string;
  /** Null while it goes on, and for ever when the process was killed. */
  finished_at: string | null;
  state: RunStatus['state'];
  /** The last finished epoch at its end; null as above. */
  epoch: number | null;
}

/** The contents of runs/<run-id>/provenance.json. */
export interface Provenance {
  dataset_sha256: string;
  sessions: Session[];
}

export interface EnvironmentOptions {
  /** Versions as the loaded engine tells them. */
  engine: {
    tensorflow: string;
    tfjs: string;
    usesGpu: boolean;
    tensorFloat32: boolean;
    fusedOperators: string | null;
  };
  device: string | null;
  threads: number | null;
}

/** Returns what this process trains with. Asks git, so ask once a process. */
export function collectEnvironment({ engine, device, threads }: EnvironmentOptions): Environment {
  const processors = cpus();
  return {
    phasewatch: packageVersion(),
    node: process.versions.node,
    tensorflow: engine.tensorflow,
    tfjs: engine.tfjs,
    git: gitState(dirname(fileURLToPath(import.meta.url))) ?? gitState(process.cwd()),
    host: hostname(),
    platform: `${process.platform} ${release()} ${process.arch}`,
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memory_bytes: totalmem(),
    gpu: engine.usesGpu,
    tensor_float_32: engine.tensorFloat32,
    fused_operators: engine.fusedOperators,
    device,
    threads,
  };
}

/**
 * Opens a session in the run's provenance.json, behind those that were there. The returned function closes it with how the run
 * ended; of a finished run it also writes the checksums of its files, which `verify` compares.
 */
export function openSession(
  files: RunLayout,
  { source, environment, datasetSha256 }: { source: Source; environment: Environment; datasetSha256: string },
): (ended: Pick<RunStatus, 'state' | 'epoch'>) => void {
  const session: Session = {
    ...source,
    ...environment,
    started_at: new Date().toISOString(),
    finished_at: null,
    state: 'running',
    epoch: null,
  };
  const before = readProvenance(files)?.sessions ?? [];
  const write = (): void => {
    const provenance: Provenance = { dataset_sha256: datasetSha256, sessions: [...before, session] };
    writeFileAtomic(files.provenance, `${JSON.stringify(provenance, null, 2)}\n`);
  };
  write();
  return ({ state, epoch }) => {
    Object.assign(session, { state, epoch, finished_at: new Date().toISOString() });
    write();
    if (state === 'done') writeRunChecksums(files);
  };
}

/** Returns the newest version of phasewatch that trained a run, as far as its provenance, of whatever version, tells; else null. */
export function trainedBy(files: RunLayout): string | null {
  try {
    const { sessions } = readJson(files.provenance) as { sessions: { phasewatch: unknown }[] };
    const versions = sessions.map(({ phasewatch }) => String(phasewatch));
    const known = versions.filter((version) => /^\d+(\.\d+)*$/.test(version));
    return known.toSorted(compareVersions).at(-1) ?? null;
  } catch {
    return null;
  }
}

/** What readers of a provenance rely on. */
const provenanceSchema = z.object({
  dataset_sha256: z.string(),
  sessions: z.array(z.object({ phasewatch: z.string(), git: z.object({ commit: z.string() }).nullable() })),
});

/** Returns the provenance of a run, or null when it has none. Throws UserError for one that cannot be read or has another shape. */
export function readProvenance(files: RunLayout): Provenance | null {
  const path = files.provenance;
  if (!existsSync(path)) return null;
  const stored = readJson(path);
  const parsed = provenanceSchema.safeParse(stored);
  if (parsed.success) return stored as Provenance;
  const [issue] = parsed.error.issues;
  throw new UserError(
    `${path} must hold the sessions of a run: ${[...issue!.path, issue!.message].join(' ')}`,
    'Remove it: it is begun anew.',
  );
}

function gitState(folder: string): Environment['git'] {
  const git = (...words: string[]): string =>
    execFileSync('git', ['-C', folder, ...words], {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  try {
    const commit = git('rev-parse', 'HEAD').trim();
    const diff = git('diff', 'HEAD');
    return { commit, diff_sha256: diff === '' ? null : sha256(diff) };
  } catch {
    return null;
  }
}
