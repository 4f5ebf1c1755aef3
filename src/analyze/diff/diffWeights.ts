import { UserError } from '../../base/userError.ts';
import type { ConvReading } from '../../weights/layerMatrices.ts';
import type { WeightsFile, WeightsLayer } from '../../weights/tensors/weightsFile.ts';
import { weightsOf } from '../analyzeWeights.ts';
import type { DiffRow } from './diffColumns.ts';
import { type DiffOptions, diffLayer } from './diffLayer.ts';

export interface DiffWeightsOptions extends DiffOptions {
  conv: ConvReading;
  wants(layer: WeightsLayer): boolean;
  /** Told before each pair of layers, with how many there are. */
  onLayer(layer: string, done: number, total: number): void;
}

export interface WeightsDiff {
  layers: DiffRow[];
  /** Layers of both that could not be compared, with the reason. */
  refused: { layer: string; reason: string }[];
  /** Names of wanted layers that only one of the two has. */
  onlyA: string[];
  onlyB: string[];
}

/**
 * Returns the difference B - A of every wanted layer that two open weights files have under one name, in the order of A. Names count without
 * the wrappers that training and saving put before them. A pair that is refused does not stop the others.
 */
export function diffWeights(a: WeightsFile, b: WeightsFile, options: DiffWeightsOptions): WeightsDiff {
  const { conv, wants, onLayer } = options;
  const others = new Map([...b.layers()].filter(wants).map((layer) => [layer.name, layer]));
  const bare = new Map([...others.keys()].map((name) => [bareName(name), name]));
  const diff: WeightsDiff = { layers: [], refused: [], onlyA: [], onlyB: [] };
  const pairs: [WeightsLayer, WeightsLayer][] = [];
  for (const layer of [...a.layers()].filter(wants)) {
    const other = others.get(layer.name) ?? others.get(bare.get(bareName(layer.name)) ?? '');
    others.delete(other?.name ?? '');
    if (other === undefined) diff.onlyA.push(layer.name);
    else pairs.push([layer, other]);
  }
  diff.onlyB = [...others.values()].map(({ name }) => name);
  for (const [done, [layer, other]] of pairs.entries()) {
    onLayer(layer.name, done, pairs.length);
    try {
      const [ofA, ofB] = [weightsOf(layer, conv, a.path), weightsOf(other, conv, b.path)];
      if (ofA.rows !== ofB.rows || ofA.cols !== ofB.cols || ofA.matrices.length !== ofB.matrices.length) {
        throw new UserError(
          `shapes must be equal, got ${layer.shape.join(' x ')} and ${other.shape.join(' x ')}`,
        );
      }
      diff.layers.push(diffLayer(ofA, ofB, options));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      diff.refused.push({ layer: layer.name, reason: error.message });
    }
  }
  return diff;
}

/** What stands before a layer's own name in one file and not in another. */
const WRAPPER = /^(state_dict|model|module|net|network|_orig_mod|base_model|student)\./;

function bareName(name: string): string {
  let bare = name;
  while (WRAPPER.test(bare)) bare = bare.replace(WRAPPER, '');
  return bare;
}
