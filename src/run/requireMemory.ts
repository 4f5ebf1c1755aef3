import { availableMemory } from '../base/machine/memory.ts';
import { UserError } from '../base/userError.ts';
import type { RunConfig } from '../experiment/config/schema.ts';
import { memoryTogether, type TrainingMemory } from '../experiment/plan/trainingMemory.ts';
import { type Gpu, listGpus } from '../train/engine/install/gpu.ts';
import { locateEngine } from '../train/engine/locateEngine.ts';

/** Memory that training may use, and how it is called. */
interface Room {
  key: keyof TrainingMemory;
  name: string;
  bytes: number;
}

/**
 * Returns the bytes of the GPU that the runs are trained on, null where there is none or nobody can say. Throws UserError where training `jobs` of the runs side by side takes more memory than there is for certain, with what would be needed
 * and what to do. TensorFlow takes memory as it needs it and says too late, or not at all, that there is none.
 */
export async function requireMemory(
  configs: readonly RunConfig[],
  { jobs, device }: { jobs: number; device: string | null },
): Promise<number | null> {
  const gpu = await usedGpu(device);
  const rooms: Room[] = [{ key: 'host', name: 'this machine', bytes: availableMemory() }];
  if (gpu?.memory_mib != null) {
    rooms.push({ key: 'gpu', name: `GPU ${gpu.index} (${gpu.name})`, bytes: gpu.memory_mib * 2 ** 20 });
  }
  for (const room of rooms) checkRoom(configs, jobs, room);
  return rooms.find(({ key }) => key === 'gpu')?.bytes ?? null;
}

function checkRoom(configs: readonly RunConfig[], jobs: number, { key, name, bytes }: Room): void {
  const needed = (together: number): number => memoryTogether(configs, together)[key];
  if (needed(jobs) <= bytes) return;
  let fitting = jobs;
  while (fitting > 0 && needed(fitting) > bytes) fitting--;
  const what = jobs === 1 ? 'training' : `training ${jobs} runs side by side`;
  throw new UserError(
    `the memory of ${name} must be at least ${gigabytes(needed(jobs))} for ${what}, got ${gigabytes(bytes)}`,
    fitting > 0 ? `--jobs ${fitting}` : 'a smaller batchSize, fewer trainImages, or a smaller network',
  );
}

/** The GPU that a run with this `--device` trains on; null where it trains on the CPU or nobody can say. */
async function usedGpu(device: string | null): Promise<Gpu | null> {
  if (device === 'cpu' || locateEngine()?.manifest.variant !== 'cuda') return null;
  // CUDA takes the first that is visible; others than numbers (UUIDs, MIG) nvidia-smi lists in another way
  const index = /^\d+/.exec(device?.slice('gpu:'.length) ?? process.env.CUDA_VISIBLE_DEVICES ?? '0')?.[0];
  return (await listGpus()).find((gpu) => String(gpu.index) === index) ?? null;
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;
