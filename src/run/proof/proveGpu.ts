import { packageVersion } from '../../base/files/packageVersion.ts';
import { UserError } from '../../base/userError.ts';
import type { Gpu } from '../../train/engine/install/gpu.ts';
import { gpuFault, listGpus } from '../../train/engine/install/gpu.ts';
import { askProcess } from './askProcess.ts';
import { type Proving, proveProducts, proveRepetition, proveSteps } from './numericChecks.ts';
import type { Proof, ProofCheck, ProofSpeed } from './proof.ts';
import type { ProvenEngine } from './proofTask.ts';
import { proveMemoryCap } from './proveMemoryCap.ts';
import { proveSpeeds } from './proveSpeeds.ts';
import { proveSweep } from './proveSweep.ts';

export interface ProofOptions extends Omit<Proving, 'late'> {
  onCheck(check: ProofCheck): void;
  onSpeed(speed: ProofSpeed): void;
  /** Told before each part begins. */
  onPart(part: string): void;
}

/** No speed is measured that begins later, and what is not done in the end has failed: the whole takes no more than ten minutes. */
const LAST_BEGIN_S = 500;
const END_S = 590;

/**
 * Returns whether training on a device is right, and how fast it is: everything that cannot be known without one. Takes up to ten
 * minutes. Throws UserError where the device is not there.
 */
export async function proveGpu(options: ProofOptions): Promise<Proof> {
  const { device, onCheck, onSpeed, onPart } = options;
  const started = Date.now();
  const proving = { ...options, late: AbortSignal.timeout(END_S * 1000) };
  const checks: ProofCheck[] = [];
  const add = (found: readonly ProofCheck[]): void => {
    for (const check of found) {
      onCheck(check);
      checks.push(check);
    }
  };
  onPart('devices and versions');
  const gpu = (await listGpus()).find(({ index }) => `gpu:${index}` === device) ?? null;
  add([deviceCheck(device, gpu, await askEngine(proving))]);
  onPart('float32 products');
  add([await proveProducts(proving, gpu?.compute ?? null)]);
  onPart('a step of each network');
  add(await proveSteps(proving));
  onPart('two runs with deterministic operators');
  add([await proveRepetition(proving)]);
  if (gpu?.memory_mib != null) {
    onPart('memory of a run');
    add([await proveMemoryCap(proving, { ...gpu, memory_mib: gpu.memory_mib })]);
  }
  onPart('a sweep of two epochs');
  add([await proveSweep(proving)]);
  onPart('speeds');
  const speeds = await proveSpeeds(proving, started + LAST_BEGIN_S * 1000, onSpeed);
  return {
    holds: checks.every(({ holds }) => holds),
    device,
    phasewatch: packageVersion(),
    node: process.versions.node,
    started_at: new Date(started).toISOString(),
    seconds: (Date.now() - started) / 1000,
    checks,
    speeds,
  };
}

async function askEngine(proving: Proving): Promise<ProvenEngine> {
  const { device } = proving;
  const task = { device, tensorFloat32: false, work: { type: 'engine' } } as const;
  const { answers, failure } = await askProcess(task, proving);
  const engine = answers.find(({ type }) => type === 'engine');
  if (engine?.type === 'engine') return engine.engine;
  throw new UserError(
    `${device} must be a device that TensorFlow can use, got: ${failure}`,
    'phasewatch doctor',
  );
}

function deviceCheck(device: string, gpu: Gpu | null, engine: ProvenEngine): ProofCheck {
  const fault = gpu === null ? null : gpuFault(gpu);
  const { tensorflow, variant, nvidia } = engine;
  const what =
    gpu === null
      ? `${device}${engine.gpu ? ', which nvidia-smi does not list' : ''}`
      : `${gpu.name}, driver ${gpu.driver}, compute capability ${gpu.compute ?? 'unknown'}, ${gpu.memory_mib ?? 'unknown'} MiB`;
  return {
    name: 'device',
    holds: engine.gpu === (device !== 'cpu') && fault === null,
    found: fault?.message ?? `${what}; TensorFlow ${tensorflow} for ${variant}`,
    figures: {
      tensorflow,
      variant,
      nvidia: nvidia.join(' '),
      ...(gpu === null
        ? {}
        : { gpu: gpu.name, driver: gpu.driver, compute: gpu.compute, memory_mib: gpu.memory_mib }),
    },
  };
}
