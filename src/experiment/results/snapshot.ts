import { type Tensor, writeSafetensors } from '../../base/safetensors/safetensors.ts';

/** The weights of one layer: dense inputs x outputs, convolution height x width x inputs x outputs. */
export interface SnapshotLayer {
  layer: string;
  shape: readonly number[];
  data: Float32Array;
}

/** Writes the weights of the analyzed layers after an epoch; the tensors carry the layers' names. Equal weights give equal bytes. */
export function writeSnapshot(
  path: string,
  epoch: number,
  layers: readonly SnapshotLayer[],
  dtype: 'float32' | 'float16',
): void {
  const tensors = new Map<string, Tensor>(
    layers.map(({ layer, shape, data }) => [
      layer,
      { dtype: dtype === 'float16' ? 'F16' : 'F32', shape, data },
    ]),
  );
  writeSafetensors(path, tensors, { format: 'phasewatch snapshot 1', epoch: String(epoch) });
}

/** Writes all parameters of the network after an epoch, in float32, under their own names. */
export function writeNetworkSnapshot(
  path: string,
  epoch: number,
  parameters: ReadonlyMap<string, Tensor>,
): void {
  writeSafetensors(path, parameters, { format: 'phasewatch network 1', epoch: String(epoch) });
}
