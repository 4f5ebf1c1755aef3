import { constants } from 'node:buffer';
import { elementCount } from '../base/elementCount.ts';
import { availableMemory } from '../base/machine/memory.ts';
import { UserError } from '../base/userError.ts';
import { type ConvReading, layerShape } from '../weights/layerMatrices.ts';
import type { WeightsLayer } from '../weights/tensors/weightsFile.ts';

/**
 * Throws UserError for a layer that cannot fit into memory, before anything of it is read or unpacked: its values and the float64
 * product W^T W must, and the values lie in one array.
 */
export function requireLayerMemory(layer: WeightsLayer, conv: ConvReading): void {
  const { rows, cols } = layerShape(layer, conv);
  const values = elementCount(layer.shape) * (layer.dtype === 'float64' ? 8 : 4);
  const needed = values + 8 * Math.min(rows, cols) ** 2;
  const room = availableMemory();
  const shape = `[${layer.shape.join(', ')}]`;
  if (values > constants.MAX_LENGTH) {
    throw new UserError(
      `the values of a layer must be at most ${gigabytes(constants.MAX_LENGTH)}, got ${gigabytes(values)} (${shape})`,
    );
  }
  if (needed > room) {
    throw new UserError(
      `a layer of shape ${shape} must have ${gigabytes(needed)} of memory or more, got ${gigabytes(room)}`,
    );
  }
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;
