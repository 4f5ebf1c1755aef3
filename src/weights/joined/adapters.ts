import { elementCount } from '../../base/elementCount.ts';
import { isReadable, storedTensor } from '../tensors/storedTensor.ts';
import type { StoredTensor } from '../tensors/weightsFile.ts';
import type { TensorSet } from './tensorSet.ts';

/** What is known of the scale of an adapter from beside its tensors: adapter_config.json. */
export interface AdapterScale {
  /** Returns the factor of the product for a module and its rank, or null where nothing says so. */
  factor(module: string, rank: number): number | null;
}

/** Values of a product: two thin factors in a small file can have a huge one. */
const MAX_PRODUCT = 2 ** 28;

/** Names of the thin factors: the one that takes the inputs (A, down), and the one that gives the outputs (B, up). */
const PAIRS: readonly [RegExp, string][] = [
  [/^(.*)\blora_A(\.[^.]+)?\.weight$/, 'lora_B$2.weight'],
  [/^(.*)\blora_down\.weight$/, 'lora_up.weight'],
  [/^(.*)\blora\.down\.weight$/, 'lora.up.weight'],
  [/^(.*_lora\.)down\.weight$/, 'up.weight'],
  [/^(.*)\blora_linear_layer\.down\.weight$/, 'lora_linear_layer.up.weight'],
  [/^(.*)\blora_kernel_a$/, 'lora_kernel_b'],
  [/^(.*)\blora_embeddings_a$/, 'lora_embeddings_b'],
  [/^(.*)\blora_embedding_A(\.[^.]+)?$/, 'lora_embedding_B$2'],
  [/^(.*)\blora_A(\.(?!weight$)[^.]+)?$/, 'lora_B$2'],
];

/**
 * Adds the product of the two factors of each low-rank adapter, scaled as its config or the `alpha` beside it says, and marks the factors.
 * The product has rows for outputs and columns for inputs; in Keras, whose factors lie the other way, inputs and outputs.
 */
export function addAdapterProducts(set: TensorSet, scale: AdapterScale): void {
  for (const name of set.names) {
    for (const [pattern, other] of PAIRS) {
      const match = pattern.exec(name);
      if (match === null) continue;
      const [down, up] = [set.get(name)!, set.get(match[1]! + other.replace('$2', match[2] ?? ''))];
      if (up !== undefined) addProduct(set, match[1]!.replace(/\.$/, ''), down, up, scale);
      break;
    }
  }
}

function addProduct(
  set: TensorSet,
  module: string,
  down: StoredTensor,
  up: StoredTensor,
  scale: AdapterScale,
): void {
  // Keras: inputs x rank times rank x outputs. The others: outputs x rank times rank x inputs.
  const isKeras = /lora_(kernel|embeddings)_a$/.test(down.name);
  const [left, right] = isKeras ? [down, up] : [up, down];
  const alpha = set.get(`${module}.alpha`);
  const factors = set.get(down.name.replace(/\blora_A/, 'lora_E'));
  const parts = [left, right, alpha, factors === down ? undefined : factors];
  if (parts.some((part) => part !== undefined && !isReadable(part))) return;
  const shape = productShape(left.shape, right.shape);
  if (shape === null || elementCount(shape) > MAX_PRODUCT || set.get(`${module}.lora_mid.weight`)) return;
  const [rows, rank] = [left.shape[0]!, left.shape[1]!];
  const known = scale.factor(module, rank);
  const factor = (): number => (alpha === undefined ? (known ?? 1) : alpha.read()[0]! / rank);
  const scaled =
    alpha === undefined && known === null
      ? 'its scale is not in the file'
      : `scaled by ${alpha === undefined ? known : 'alpha / rank'}`;
  for (const part of [left, right]) set.put(part.name, { ...part, use: 'adapter' });
  set.put(
    `${module} B A`,
    storedTensor({
      name: `${module} (B A)`,
      shape,
      dtype: down.dtype,
      // Rounded factors still have a product of exact rank.
      rounding: () => ({ significantBits: 53, step: 0 }),
      use: 'adapter',
      notes: [`product of two factors of rank ${rank}, ${scaled}`],
      read: () => {
        const ofRank = parts[3]?.read();
        const weights = Array.from({ length: rank }, (_, k) => factor() * (ofRank?.[k] ?? 1));
        return product(left.read(), right.read(), rows, elementCount(shape) / rows, weights);
      },
    }),
  );
}

/** Of two matrices, or of a convolution to `rank` channels and one of 1 x 1 behind it, whose product is a convolution; null of others. */
function productShape(left: readonly number[], right: readonly number[]): readonly number[] | null {
  const isPoint = left.slice(2).every((side) => side === 1);
  const fits = left.length === right.length && left.length >= 2 && left[1] === right[0];
  return fits && isPoint && !left.includes(0) ? [left[0]!, ...right.slice(1)] : null;
}

/** Returns left times diagonal(weights) times right, of rows x rank and rank x cols values. */
function product(
  left: ArrayLike<number>,
  right: ArrayLike<number>,
  rows: number,
  cols: number,
  weights: readonly number[],
): Float64Array {
  const values = new Float64Array(rows * cols);
  for (let i = 0; i < rows; i++) {
    for (const [k, ofRank] of weights.entries()) {
      const weight = ofRank * left[i * weights.length + k]!;
      for (let j = 0; j < cols; j++) values[i * cols + j]! += weight * right[k * cols + j]!;
    }
  }
  return values;
}
