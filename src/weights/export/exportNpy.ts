import { join } from 'node:path';
import type { SkippedTensor, WeightsFile } from '../tensors/weightsFile.ts';
import { layerFileNames } from './layerFileNames.ts';
import { writeNpy } from './writeNpy.ts';

export interface ExportedLayer {
  name: string;
  file: string;
  shape: readonly number[];
}

export interface ExportResult {
  folder: string;
  layers: ExportedLayer[];
  skipped: SkippedTensor[];
}

/** Writes each layer as it is to a .npy file in `folder`; 16-bit floats become float32, which holds them exactly. */
export function exportNpy(weights: WeightsFile, folder: string): ExportResult {
  const layers = [...weights.layers()];
  const names = layerFileNames(layers.map(({ name }) => name));
  const exported = layers.map(({ name, shape, read }, index) => {
    const file = `${names[index]}.npy`;
    writeNpy(join(folder, file), shape, read());
    return { name, file, shape };
  });
  return { folder, layers: exported, skipped: [...weights.skipped] };
}
