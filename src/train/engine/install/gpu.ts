import { compareVersions } from '../../../base/files/compareVersions.ts';
import { UserError } from '../../../base/userError.ts';
import { runTool } from './runTool.ts';

/** The oldest Linux driver that runs programs built for CUDA 12 (CUDA compatibility guide, minor version compatibility). */
export const MINIMUM_DRIVER = '525.60.13';

export interface Gpu {
  index: number;
  name: string;
  driver: string;
  memory_mib: number | null;
}

/** Returns the NVIDIA GPUs that nvidia-smi lists; none where it is missing or finds no driver. */
export async function listGpus(): Promise<Gpu[]> {
  try {
    const { code, stdout } = await runTool('nvidia-smi', [
      '--query-gpu=index,name,driver_version,memory.total',
      '--format=csv,noheader,nounits',
    ]);
    return code === 0 ? parseGpus(stdout) : [];
  } catch (error) {
    if (error instanceof UserError) return [];
    throw error;
  }
}

/** Returns the GPUs of nvidia-smi's table `index, name, driver_version, memory.total`; lines of another form are left out. */
export function parseGpus(table: string): Gpu[] {
  return table.split('\n').flatMap((line) => {
    const [index, name, driver, memory] = line.split(',').map((cell) => cell.trim());
    if (name === undefined || driver === undefined || !/^\d+$/.test(index!) || !/^\d+(\.\d+)+$/.test(driver))
      return [];
    // some devices share the machine's memory and report [N/A]
    return [
      { index: Number(index), name, driver, memory_mib: /^\d+$/.test(memory ?? '') ? Number(memory) : null },
    ];
  });
}

/** Throws UserError when the driver of a GPU is too old for the CUDA build. */
export function requireDriver(gpus: readonly Gpu[]): void {
  const old = gpus.find(({ driver }) => compareVersions(driver, MINIMUM_DRIVER) < 0);
  if (old === undefined) return;
  throw new UserError(
    `the NVIDIA driver must be ${MINIMUM_DRIVER} or newer for CUDA 12, got ${old.driver} (GPU ${old.index}, ${old.name})`,
    'update the driver (https://www.nvidia.com/drivers), or: phasewatch engine install --cpu',
  );
}
