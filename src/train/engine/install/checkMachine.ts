import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { compareVersions } from '../../../base/files/compareVersions.ts';
import { UserError } from '../../../base/userError.ts';
import { engineInfo } from '../engineInfo.ts';
import { enginesFolder } from '../enginePaths.ts';
import { gpuFault, listGpus } from './gpu.ts';
import { DISK_NEEDED } from './installEngine.ts';
import { findCompiler, findPip, firstThatAnswers, freeDiskBytes, installCommand } from './systemTools.ts';

/** The oldest Node that the package runs on (package.json, engines). */
const MINIMUM_NODE = '20.19.0';

/** Training a network of this project stays under it, with the analysis beside it. */
const MINIMUM_MEMORY_BYTES = 3e9;

/** Instruction sets that oneDNN's products gain from, as /proc/cpuinfo names them. */
const CPU_FEATURES = [
  'avx2',
  'fma',
  'avx512f',
  'avx512_bf16',
  'amx_bf16',
  'amx_tile',
  'asimd',
  'bf16',
  'sve',
];

/** One line of `phasewatch doctor`. */
export interface MachineCheck {
  name: string;
  /** `missing`: phasewatch cannot do its main job here. `note`: it can, and this is worth knowing. */
  status: 'ok' | 'missing' | 'note';
  found: string;
  /** The command that mends it; null where nothing is amiss. */
  remedy: string | null;
}

/** Returns what this machine has of all that phasewatch needs to train: tools, room, processor, GPU, engine. */
export async function checkMachine(): Promise<MachineCheck[]> {
  const engine = checkEngine();
  // with an engine in place nothing has to be fetched or compiled any more
  const need: MachineCheck['status'] = engine.status === 'ok' ? 'note' : 'missing';
  return [
    checkNode(),
    await checkTool(
      'npm',
      async () => (await firstThatAnswers([['npm']]))?.version ?? null,
      need,
      installCommand('npm'),
    ),
    await checkTool(
      'python',
      async () => (await firstThatAnswers([['python3'], ['python']]))?.version ?? null,
      need,
      installCommand('pip'),
    ),
    await checkTool('pip', async () => versionOf(await findPip()), need, installCommand('pip')),
    await checkTool(
      'c++ compiler',
      async () => (await findCompiler()).version,
      need,
      installCommand('compiler'),
    ),
    await checkTool('make', async () => (await firstThatAnswers([['make']]))?.version ?? null, 'note', null),
    checkDisk(need),
    checkMemory(),
    checkProcessor(),
    await checkGpu(),
    engine,
  ];
}

/** Returns whether the main job can be done with what the checks found. */
export function isReady(checks: readonly MachineCheck[]): boolean {
  return checks.every(({ status }) => status !== 'missing');
}

function checkNode(): MachineCheck {
  const { node } = process.versions;
  const old = compareVersions(node, MINIMUM_NODE) < 0;
  return {
    name: 'node',
    status: old ? 'missing' : 'ok',
    found: node,
    remedy: old ? `install Node ${MINIMUM_NODE} or newer: https://nodejs.org` : null,
  };
}

async function checkTool(
  name: string,
  version: () => Promise<string | null>,
  whenMissing: MachineCheck['status'],
  remedy: string | null,
): Promise<MachineCheck> {
  let found: string | null = null;
  try {
    found = await version();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
  }
  return found === null
    ? { name, status: whenMissing, found: 'none', remedy }
    : { name, status: 'ok', found, remedy: null };
}

async function versionOf(command: Parameters<typeof firstThatAnswers>[0][number]): Promise<string | null> {
  const version = (await firstThatAnswers([command]))?.version;
  return version === undefined ? null : `${command.join(' ')}: ${version.replace(/ from .*/, '')}`;
}

function checkDisk(whenShort: MachineCheck['status']): MachineCheck {
  const free = freeDiskBytes(enginesFolder());
  const needed = DISK_NEEDED.wheel.cpu;
  const short = free < needed;
  return {
    name: 'disk',
    status: short ? whenShort : 'ok',
    found: `${(free / 1e9).toFixed(1)} GB free at ${enginesFolder()}`,
    remedy: short ? `free ${(needed / 1e9).toFixed(1)} GB, or: export PHASEWATCH_CACHE=DIR` : null,
  };
}

function checkMemory(): MachineCheck {
  // a container may allow less than the machine has
  const constrained = process.constrainedMemory() ?? 0;
  const bytes = constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
  const short = bytes < MINIMUM_MEMORY_BYTES;
  return {
    name: 'memory',
    status: short ? 'note' : 'ok',
    found: `${(bytes / 1e9).toFixed(1)} GB`,
    remedy: short
      ? `${MINIMUM_MEMORY_BYTES / 1e9} GB or more is advised; train with trainImages smaller`
      : null,
  };
}

function checkProcessor(): MachineCheck {
  const model = cpus()[0]?.model.trim() ?? process.arch;
  const features = cpuFeatures();
  return {
    name: 'processor',
    status: 'ok',
    found: `${availableParallelism()} threads, ${model}, ${features.join(' ') || 'no vector extensions known'}`,
    remedy: null,
  };
}

/** Returns the instruction sets of this processor that matter to the speed of products, as the kernel names them. */
export function cpuFeatures(cpuinfo: string = readCpuinfo()): string[] {
  const flags = new Set(/^(?:flags|Features)\s*:\s*(.*)$/m.exec(cpuinfo)?.[1]?.split(/\s+/) ?? []);
  return CPU_FEATURES.filter((feature) => flags.has(feature));
}

function readCpuinfo(): string {
  try {
    return readFileSync('/proc/cpuinfo', 'utf8');
  } catch {
    return '';
  }
}

async function checkGpu(): Promise<MachineCheck> {
  const gpus = await listGpus();
  if (gpus.length === 0) {
    return { name: 'gpu', status: 'ok', found: 'none (nvidia-smi does not answer)', remedy: null };
  }
  const fault = gpus.map(gpuFault).find((found) => found !== null) ?? null;
  const lines = gpus.map(
    ({ index, name, driver, compute, memory_mib: memory }) =>
      `${index}: ${name}, driver ${driver}${compute === null ? '' : `, compute capability ${compute}`}` +
      `${memory === null ? '' : `, ${memory} MiB`}`,
  );
  return fault === null
    ? { name: 'gpu', status: 'ok', found: lines.join('; '), remedy: null }
    : { name: 'gpu', status: 'note', found: fault.message, remedy: fault.remedy ?? null };
}

function checkEngine(): MachineCheck {
  try {
    const { engine, reason } = engineInfo();
    if (engine !== null) {
      const { tensorflow, variant, source } = engine.manifest;
      return {
        name: 'engine',
        status: 'ok',
        found: `TensorFlow ${tensorflow} for ${variant}, from ${source}: ${engine.folder}`,
        remedy: null,
      };
    }
    return {
      name: 'engine',
      status: 'note',
      found: `none: ${reason}`,
      remedy: 'phasewatch engine install (run does it by itself)',
    };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { name: 'engine', status: 'missing', found: error.message, remedy: error.remedy ?? null };
  }
}
