import { UserError } from '../base/userError.ts';
import type { EnvironmentOptions } from '../experiment/results/provenance.ts';
import type { Engine } from '../train/engine/engineTypes.ts';
import type { LoadOptions } from '../train/engine/loadEngine.ts';

/** Returns the options of the engine for a number of threads and a device as `--device` takes it; null leaves the choice to it. */
export function engineOptions({
  threads,
  device,
}: {
  threads: number | null;
  device: string | null;
}): LoadOptions {
  return {
    ...(threads === null ? {} : { threads }),
    ...(device === null ? {} : { device: parseDevice(device) }),
  };
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
    fusedOperators: binding.fusedOperators,
  };
}
