import { basename, join, resolve } from 'node:path';
import { writeFileAtomic } from '../../base/files/atomicWrite.ts';
import type { SkippedTensor, WeightsFile, WeightsLayer } from '../tensors/weightsFile.ts';
import type { ExportedLayer, ExportResult } from './exportNpy.ts';
import { layerFileNames } from './layerFileNames.ts';
import { writeNpy } from './writeNpy.ts';

const CONFIG_NAME = 'ww_config.json';

/**
 * Writes the layers as a model of WeightWatcher's format ww_flatfiles: a .weight.npy for each and ww_config.json, to be read by
 * `WeightWatcher(model=folder)`. Kernels of two-dimensional convolutions get PyTorch's axes, which WeightWatcher takes for granted; other
 * convolutions it does not read, so they are left out with a reason.
 */
export function exportFlatfiles(weights: WeightsFile, folder: string): ExportResult {
  const all = [...weights.layers()];
  const isRead = (layer: WeightsLayer): boolean => layer.shape.length === 2 || layer.shape.length === 4;
  const layers = all.filter(isRead);
  const skipped: SkippedTensor[] = all
    .filter((layer) => !isRead(layer))
    .map(({ name, shape }) => ({
      name,
      reason: `WeightWatcher reads no kernels of ${shape.length} dimensions`,
    }));
  const names = layerFileNames(layers.map(({ name }) => name));
  const exported: ExportedLayer[] = layers.map((layer, index) => {
    const file = `${names[index]}.weight.npy`;
    const { shape, values } = withPyTorchAxes(layer);
    writeNpy(join(folder, file), shape, values);
    return { name: layer.name, file, shape };
  });
  const config = {
    framework: 'ww_flatfiles',
    // WeightWatcher looks there from wherever it runs.
    weights_dir: resolve(folder),
    model_name: basename(weights.path),
    layers: Object.fromEntries(
      exported.map(({ name, file, shape }, index) => [
        index,
        {
          key: name,
          name,
          longname: name,
          weightfile: file,
          biasfile: '',
          type: shape.length === 2 ? 'dense' : 'conv2d',
          dims: JSON.stringify(shape),
        },
      ]),
    ),
  };
  writeFileAtomic(join(folder, CONFIG_NAME), `${JSON.stringify(config, null, 2)}\n`);
  return { folder, layers: exported, skipped: [...skipped, ...weights.skipped] };
}

/** Returns a layer with the axes outputs, inputs, kernel sides where it is a convolution. */
function withPyTorchAxes(layer: WeightsLayer): {
  shape: readonly number[];
  values: Float32Array | Float64Array;
} {
  const values = layer.read();
  if (layer.convLayout !== 'kernelInOut') return { shape: layer.shape, values };
  const [height, width, inputs, outputs] = layer.shape as [number, number, number, number];
  const turned = values.slice();
  let from = 0;
  for (let position = 0; position < height * width; position++) {
    for (let input = 0; input < inputs; input++) {
      for (let output = 0; output < outputs; output++) {
        turned[(output * inputs + input) * height * width + position] = values[from++]!;
      }
    }
  }
  return { shape: [outputs, inputs, height, width], values: turned };
}
