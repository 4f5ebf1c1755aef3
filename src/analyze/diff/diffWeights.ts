import { UserError } from '../../base/userError.ts';
import type { DiffRow } from '../../spectra/diffColumns.ts';
import type { ConvReading } from '../../weights/layerMatrices.ts';
import type { WeightsFile, WeightsLayer } from '../../weights/tensors/weightsFile.ts';
import { weightsOf } from '../analyzeWeights.ts';
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
  const layers = [...a.layers()].filter(wants);
  const others = new Map([...b.layers()].filter(wants).map((layer) => [layer.name, layer]));
  const partner = partners(
    layers.map(({ name }) => name),
    [...others.keys()],
  );
  const diff: WeightsDiff = { layers: [], refused: [], onlyA: [], onlyB: [] };
  const pairs: [WeightsLayer, WeightsLayer][] = [];
  for (const layer of layers) {
    const other = others.get(partner.get(layer.name) ?? '');
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

/**
 * Returns which name of B is that of a name of A: the same, or else the one that is the same without wrappers. Where two of a file are,
 * none is.
 */
function partners(a: readonly string[], b: readonly string[]): Map<string, string> {
  const inB = new Set(b);
  const found = new Map(a.filter((name) => inB.has(name)).map((name) => [name, name]));
  const aloneInA = aloneWithoutWrappers(a.filter((name) => !found.has(name)));
  const aloneInB = aloneWithoutWrappers(b.filter((name) => !found.has(name)));
  for (const [bare, name] of aloneInA) {
    const other = aloneInB.get(bare);
    if (other !== undefined) found.set(name, other);
  }
  return found;
}

/** Returns the names by what they are without wrappers, where no other is the same. */
function aloneWithoutWrappers(names: readonly string[]): Map<string, string> {
  const count = new Map<string, number>();
  for (const name of names) count.set(bareName(name), (count.get(bareName(name)) ?? 0) + 1);
  const alone = names.filter((name) => count.get(bareName(name)) === 1);
  return new Map(alone.map((name) => [bareName(name), name]));
}

/** What stands before a layer's own name in one file and not in another. */
const WRAPPER = /^(state_dict|model|module|net|network|_orig_mod|base_model|student)\./;

function bareName(name: string): string {
  let bare = name;
  while (WRAPPER.test(bare)) bare = bare.replace(WRAPPER, '');
  return bare;
}
