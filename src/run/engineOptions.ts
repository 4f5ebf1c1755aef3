import { UserError } from '../base/userError.ts';
import type { RunConfig } from '../experiment/config/schema.ts';
import { isDenseOnly } from '../experiment/networks/network.ts';
import { networkLayers } from '../experiment/networks/resolveNetwork.ts';
import type { EnvironmentOptions } from '../experiment/results/provenance.ts';
import type { Engine } from '../train/engine/engineTypes.ts';
import type { LoadOptions } from '../train/engine/loadEngine.ts';

/**
 * Returns the options of the engine for a number of threads and a device as `--device` takes it, where null leaves the choice to it,
 * and for the runs that it is to train. Throws UserError for runs that one process cannot train: cuDNN keeps what it found
 * fastest, TensorFloat-32 or not.
 */
export function engineOptions(
  { threads, device }: { threads: number | null; device: string | null },
  configs: readonly Pick<RunConfig, 'network' | 'precision' | 'compile'>[],
): LoadOptions {
  const precisions = new Set(configs.map(({ precision }) => precision));
  const tensorFloat32 = precisions.has('tf32');
  if (tensorFloat32 && precisions.size > 1 && device !== 'cpu') {
    throw new UserError(
      `precision must be tf32 in every run of one process or in none, got ${[...precisions].join(', ')}`,
      '--jobs 2 trains each run in a process of its own',
    );
  }
  return {
    tensorFloat32,
    denseOnly: configs.every(isFusedDense),
    ...(threads === null ? {} : { threads }),
    ...(device === null ? {} : { device: parseDevice(device) }),
  };
}

/** Tells whether every layer with weights is one that the fused operators train (src/train/step/layers.ts). */
function isFusedDense({ network, precision, compile }: Parameters<typeof engineOptions>[1][number]): boolean {
  return precision === 'float32' && compile !== 'xla' && isDenseOnly(networkLayers(network));
}

function parseDevice(device: string): 'cpu' | number {
  if (device === 'cpu') return 'cpu';
  const gpu = /^gpu:(\d+)$/.exec(device);
  if (gpu === null) throw new UserError(`device must be cpu or gpu:<number>, got ${device}`);
  return Number(gpu[1]);
}

/** Returns the versions of a loaded engine, for provenance. */
export function engineVersions({ info, binding }: Engine): EnvironmentOptions['engine'] {
  return {
    tensorflow: info.tensorflow,
    tfjs: info.manifest.bindings,
    usesGpu: info.usesGpu,
    tensorFloat32: info.tensorFloat32,
    fusedOperators: binding.fusedOperators,
  };
}
