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
  const [left, right] = down.name.endsWith('lora_kernel_a') ? [down, up] : [up, down];
  const alpha = set.get(`${module}.alpha`);
  if (!isReadable(left) || !isReadable(right) || (alpha !== undefined && !isReadable(alpha))) return;
  if (left.shape.length !== 2 || right.shape.length !== 2 || left.shape[1] !== right.shape[0]) return;
  const [rows, rank, cols] = [left.shape[0]!, left.shape[1]!, right.shape[1]!];
  if (rows * cols > MAX_PRODUCT) return;
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
      shape: [rows, cols],
      dtype: down.dtype,
      // Rounded factors still have a product of exact rank.
      rounding: () => ({ significantBits: 53, step: 0 }),
      use: 'adapter',
      notes: [`product of two factors of rank ${rank}, ${scaled}`],
      read: () => product(left.read(), right.read(), rows, rank, cols, factor()),
    }),
  );
}

function product(
  left: Float32Array | Float64Array,
  right: Float32Array | Float64Array,
  rows: number,
  rank: number,
  cols: number,
  factor: number,
): Float64Array {
  const values = new Float64Array(rows * cols);
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < rank; k++) {
      const weight = factor * left[i * rank + k]!;
      for (let j = 0; j < cols; j++) values[i * cols + j]! += weight * right[k * cols + j]!;
    }
  }
  return values;
}
