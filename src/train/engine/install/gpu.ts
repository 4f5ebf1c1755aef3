import { compareVersions } from '../../../base/files/compareVersions.ts';
import { UserError } from '../../../base/userError.ts';
import { CUDA_CAPABILITIES } from '../pins.ts';
import { runTool } from './runTool.ts';

/** The oldest Linux driver that runs programs built for CUDA 12 (CUDA compatibility guide, minor version compatibility). */
const MINIMUM_DRIVER = '525.60.13';

export interface Gpu {
  index: number;
  name: string;
  driver: string;
  memory_mib: number | null;
  /** Compute capability, `9.0` say; null where the driver does not tell it (nvidia-smi of drivers before 510). */
  compute: string | null;
}

const COLUMNS = 'index,name,driver_version,memory.total';

/** Returns the NVIDIA GPUs that nvidia-smi lists; none where it is missing or finds no driver. */
export async function listGpus(): Promise<Gpu[]> {
  for (const columns of [`${COLUMNS},compute_cap`, COLUMNS]) {
    try {
      const query = [`--query-gpu=${columns}`, '--format=csv,noheader,nounits'];
      const { code, stdout } = await runTool('nvidia-smi', query);
      if (code === 0) return parseGpus(stdout);
    } catch (error) {
      if (error instanceof UserError) return [];
      throw error;
    }
  }
  return [];
}

/**
 * Returns the GPUs of nvidia-smi's table `index, name, driver_version, memory.total`, with or without `compute_cap`; lines of
 * another form are left out.
 */
export function parseGpus(table: string): Gpu[] {
  return table.split('\n').flatMap((line) => {
    const [index, name, driver, memory, compute] = line.split(',').map((cell) => cell.trim());
    if (name === undefined || driver === undefined || !/^\d+$/.test(index!) || !/^\d+(\.\d+)+$/.test(driver))
      return [];
    return [
      {
        index: Number(index),
        name,
        driver,
        // some devices share the machine's memory and report [N/A]
        memory_mib: /^\d+$/.test(memory ?? '') ? Number(memory) : null,
        compute: /^\d+\.\d+$/.test(compute ?? '') ? compute! : null,
      },
    ];
  });
}

/** Returns why the CUDA build cannot work on a GPU, with what to do about it; null where nothing speaks against it. */
export function gpuFault({ index, name, driver, compute }: Gpu): UserError | null {
  const gpu = `(GPU ${index}, ${name})`;
  if (compareVersions(driver, MINIMUM_DRIVER) < 0) {
    return new UserError(
      `the NVIDIA driver must be ${MINIMUM_DRIVER} or newer for CUDA 12, got ${driver} ${gpu}`,
      'update the driver (https://www.nvidia.com/drivers), or: phasewatch engine install --cpu',
    );
  }
  if (compute === null) return null;
  const { least, most } = CUDA_CAPABILITIES;
  if (compareVersions(compute, least) >= 0 && compareVersions(compute, most) <= 0) return null;
  return new UserError(
    `the compute capability of a GPU must be ${least} to ${most}, which TensorFlow's CUDA build has code for, got ${compute} ${gpu}`,
    'phasewatch engine install --cpu, or --lib DIR with a TensorFlow built for this GPU',
  );
}

/** Throws UserError where GPUs are there and the CUDA build works on none of them. */
export function requireUsableGpu(gpus: readonly Gpu[]): void {
  const faults = gpus.map(gpuFault);
  if (faults.length > 0 && !faults.includes(null)) throw faults[0]!;
}
