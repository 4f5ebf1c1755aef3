import { elementCount } from '../../base/elementCount.ts';
import { optimizerSlots } from '../config/optimizerSlots.ts';
import type { RunConfig } from '../config/schema.ts';
import { datasetFacts } from '../data/datasetFacts.ts';
import { networkOf } from '../sweep/checkRun.ts';

/** Bytes that a run cannot be trained without; what TensorFlow takes for its work comes on top. */
export interface TrainingMemory {
  /** Of the machine. */
  host: number;
  /** Of the GPU that trains it. */
  gpu: number;
}

/** Node and TensorFlow, loaded and idle (measured: 0.36e9). */
const PROCESS_BYTES = 0.35e9;
/** A CUDA context with the libraries' kernels in it: some 0.3e9 to 0.6e9, by the GPU. */
const CUDA_CONTEXT_BYTES = 0.3e9;
const FLOAT_BYTES = 4;

/** Returns what training a run takes at least: images, weights, what the optimizer keeps, and the activations of a batch. */
export function trainingMemory(config: RunConfig): TrainingMemory {
  const { inputShape, ...dataset } = datasetFacts(config.dataset);
  const network = networkOf(config);
  const images = (config.trainImages ?? dataset.trainImages) + (config.testImages ?? dataset.testImages);
  const imageBytes = images * elementCount(inputShape);
  const slots = optimizerSlots(config.optimizer).length;
  const state = network.parameters.reduce(
    (sum, { shape, trainable }) => sum + elementCount(shape) * (trainable ? 1 + slots : 1),
    0,
  );
  // the backward pass needs what each layer was given
  const kept = network.shapes.reduce((sum, { input }) => sum + elementCount(input), 0);
  const tensors = FLOAT_BYTES * (state + config.batchSize * kept);
  return {
    host: PROCESS_BYTES + 2 * imageBytes + tensors,
    gpu: CUDA_CONTEXT_BYTES + imageBytes + tensors,
  };
}

/** Returns the memory of the `jobs` runs that need most, which may be trained side by side. */
export function memoryTogether(configs: readonly RunConfig[], jobs: number): TrainingMemory {
  const needs = configs.map(trainingMemory);
  const most = (key: keyof TrainingMemory): number =>
    needs
      .map((need) => need[key])
      .sort((a, b) => b - a)
      .slice(0, jobs)
      .reduce((sum, bytes) => sum + bytes, 0);
  return { host: most('host'), gpu: most('gpu') };
}

/**
 * Returns the part of a GPU of `gpuBytes` that TensorFlow may take for one of the runs, `jobs` of which are trained on it side by side: the
 * GPU is divided as the runs need it at least. Whichever of them meet, their parts and CUDA contexts fit it, and none has less than it
 * needs where the most that can be needed fits. Null for runs that are trained one at a time.
 */
export function gpuMemoryFraction(
  config: RunConfig,
  configs: readonly RunConfig[],
  { jobs, gpuBytes }: { jobs: number; gpuBytes: number },
): number | null {
  const together = Math.min(jobs, configs.length);
  if (together === 1) return null;
  const share = trainingMemory(config).gpu / memoryTogether(configs, together).gpu;
  return share - CUDA_CONTEXT_BYTES / gpuBytes;
}
