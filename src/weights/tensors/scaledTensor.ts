import { elementCount } from '../../base/elementCount.ts';
import type { Rounding } from '../../spectra/measures/rounding.ts';
import type { StoredTensor } from './weightsFile.ts';

/** How the values of a quantized tensor are had from the stored ones: scale * (stored - zero). */
export interface Scaling {
  /** One value, or one for each index of `axis`. */
  scale(): ArrayLike<number>;
  zero?: (() => ArrayLike<number>) | undefined;
  axis: number | null;
  /** The stored values are divided by the scale instead. */
  divided?: boolean;
}

/** Returns a quantized tensor as the weights it stands for; what was done is said in its notes. */
export function scaledTensor(tensor: StoredTensor, { scale, zero, axis, divided }: Scaling): StoredTensor {
  const { shape, dtype } = tensor;
  return {
    ...tensor,
    dequantized: true,
    rounding: () =>
      scaledRounding(dtype, divided === true ? Array.from(scale(), (value) => 1 / value) : scale()),
    unread: null,
    notes: [...tensor.notes, `dequantized from ${dtype}`],
    read() {
      const values = tensor.read();
      const [scales, zeros] = [scale(), zero?.() ?? [0]];
      const inner = axis === null ? values.length : elementCount(shape.slice(axis + 1));
      const sides = axis === null ? 1 : shape[axis]!;
      for (let i = 0; i < values.length; i++) {
        const index = sides === 1 ? 0 : Math.floor(i / inner) % sides;
        const s = scales[scales.length === 1 ? 0 : index]!;
        const centred = values[i]! - zeros[zeros.length === 1 ? 0 : index]!;
        values[i] = divided === true ? centred / s : s * centred;
      }
      return values;
    },
  };
}

/** A table of scales with as many axes as the tensor: along each it has an entry for every block of indices. */
export interface ScaleTable {
  name: string;
  shape: readonly number[];
  scale(): ArrayLike<number>;
  /** Of the same shape. */
  zero?: (() => ArrayLike<number>) | undefined;
  /** Length of the blocks along an axis; left out: 128 where it fits, or another power of two. */
  blockSide?: (axis: number) => number;
}

/** Returns a tensor whose stored values are scaled by a table: scale * (stored - zero). */
export function blockScaledTensor(tensor: StoredTensor, table: ScaleTable): StoredTensor {
  const { shape } = tensor;
  const sides = shape.map((side, axis) => table.blockSide?.(axis) ?? blockSide(side, table.shape[axis]!));
  const last = shape.length - 1;
  return {
    ...tensor,
    dequantized: true,
    rounding: () => scaledRounding(tensor.dtype, table.scale()),
    unread: null,
    notes: [...tensor.notes, `dequantized from ${tensor.dtype} by ${table.name}`],
    read() {
      const values = tensor.read();
      const [scales, zeros] = [table.scale(), table.zero?.()];
      const [length, wide] = [shape[last]!, sides[last]!];
      for (let row = 0, i = 0; i < values.length; row++) {
        const from = table.shape[last]! * blockOf(row, shape, table.shape, sides);
        for (let col = 0; col < length; col++, i++) {
          const at = from + Math.floor(col / wide);
          const scale = scales[at]!;
          values[i] = scale * (values[i]! - (zeros?.[at] ?? 0));
        }
      }
      return values;
    },
  };
}

/** Returns the number of the row of a table that holds for a row of a tensor, both counted over all axes but the last. */
function blockOf(
  row: number,
  shape: readonly number[],
  table: readonly number[],
  sides: readonly number[],
): number {
  let [rest, found, stride] = [row, 0, 1];
  for (let axis = shape.length - 2; axis >= 0; axis--) {
    found += stride * Math.floor((rest % shape[axis]!) / sides[axis]!);
    stride *= table[axis]!;
    rest = Math.floor(rest / shape[axis]!);
  }
  return found;
}

/** Significant bits and least step of 8-bit floats; whole numbers have steps of one and no other rounding. */
const EXACT_BITS = 53;
const FLOAT8: readonly [prefix: string, significantBits: number, step: number][] = [
  ['float8_e4m3', 4, 2 ** -9],
  ['float8_e5m2', 3, 2 ** -16],
];

/** Returns what values were rounded to whose stored ones were multiplied by scales: steps of their root mean square. */
export function scaledRounding(dtype: string, scales: ArrayLike<number>): Rounding {
  let squares = 0;
  for (let i = 0; i < scales.length; i++) squares += scales[i]! ** 2;
  const scale = Math.sqrt(squares / scales.length);
  const [, significantBits, step] = FLOAT8.find(([prefix]) => dtype.startsWith(prefix)) ?? [
    '',
    EXACT_BITS,
    1,
  ];
  return { significantBits, step: step * scale };
}

/** Side of the blocks that cut `length` into `blocks`, the last of which may be shorter: 128 where it fits, or another power of two. */
function blockSide(length: number, blocks: number): number {
  const least = Math.ceil(length / blocks);
  const most = blocks === 1 ? length : Math.ceil(length / (blocks - 1)) - 1;
  const power = 2 ** Math.floor(Math.log2(most));
  if (least <= 128 && 128 <= most) return 128;
  return Math.max(power, least);
}
