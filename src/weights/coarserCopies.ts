import { UserError } from '../base/userError.ts';
import { nearness, roundingIn } from './sameWeights.ts';
import type { WeightsLayer } from './tensors/weightsFile.ts';

type Values = Float32Array | Float64Array;

/** Values that are compared before all are. */
const SAMPLES = 64;
/** What float32 arithmetic may add to the rounding of a quantized value, as a share of it. */
const ARITHMETIC = 2 ** -22;

/**
 * Returns the layers of one file that are another one's weights in a coarser element type, by name, each with the name of the finest. Such
 * layers have one shape, and every value is that of the finer one, rounded: to a plain float, or to the step of a quantization that has one
 * for the whole layer. Values are read only of layers that share their shape with a plain float of another type; those that cannot be read
 * are no copies.
 */
export function coarserCopies(layers: readonly WeightsLayer[]): Map<string, string> {
  const copies = new Map<string, string>();
  for (const group of ofOneShape(layers)) {
    if (new Set(group.map(({ dtype }) => dtype)).size < 2) continue;
    if (!group.some((layer) => roundingIn(layer) !== null)) continue;
    const sampled = group
      .map((layer) => ({ layer, bits: roundingIn(layer)?.significantBits ?? 0, sample: sampleOf(layer) }))
      .filter((one): one is Sampled => one.sample !== null)
      .sort((a, b) => b.bits - a.bits);
    for (const [i, coarse] of sampled.entries()) {
      const finest = sampled
        .slice(0, i)
        .find((fine) => fine.bits > coarse.bits && !copies.has(fine.layer.name) && isCopy(fine, coarse));
      if (finest !== undefined) copies.set(coarse.layer.name, finest.layer.name);
    }
  }
  return copies;
}

function ofOneShape(layers: readonly WeightsLayer[]): WeightsLayer[][] {
  const groups = new Map<string, WeightsLayer[]>();
  for (const layer of layers) {
    const key = `${layer.shape.join('x')} ${layer.convLayout}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [layer]);
    else group.push(layer);
  }
  return [...groups.values()];
}

interface Sampled {
  layer: WeightsLayer;
  /** Significant bits of a plain float; 0 of quantized values, which are never the finer ones. */
  bits: number;
  sample: Values;
}

function sampleOf(layer: WeightsLayer): Values | null {
  const values = valuesOf(layer);
  if (values === null || values.length <= SAMPLES) return values;
  const step = values.length / SAMPLES;
  return Float64Array.from({ length: SAMPLES }, (_, i) => values[Math.floor(i * step)]!);
}

function isCopy(fine: Sampled, coarse: Sampled): boolean {
  const near = rounded(fine.layer, coarse.layer);
  if (!fine.sample.every((value, i) => near(value, coarse.sample[i]!))) return false;
  const [values, others] = [valuesOf(fine.layer), valuesOf(coarse.layer)];
  return values !== null && others !== null && values.every((value, i) => near(value, others[i]!));
}

function rounded(fine: WeightsLayer, coarse: WeightsLayer): (x: number, y: number) => boolean {
  const plain = roundingIn(coarse);
  if (plain !== null) return nearness(roundingIn(fine)!, plain);
  const step = coarse.rounding?.().step ?? 0;
  return (x, y) => Math.abs(x - y) <= step / 2 + ARITHMETIC * Math.abs(x);
}

function valuesOf(layer: WeightsLayer): Values | null {
  try {
    return layer.read();
  } catch (error) {
    if (error instanceof UserError) return null;
    throw error;
  }
}
