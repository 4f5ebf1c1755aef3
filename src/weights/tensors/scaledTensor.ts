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

/** Returns a tensor multiplied by a table of scales, one for each block of its values: as many blocks along an axis as the table has entries. */
export function blockScaledTensor(tensor: StoredTensor, table: StoredTensor): StoredTensor {
  const [rows, cols] = tensor.shape as [number, number];
  const [blockRows, blockCols] = table.shape as [number, number];
  const [high, wide] = [blockSide(rows, blockRows), blockSide(cols, blockCols)];
  return {
    ...tensor,
    dequantized: true,
    rounding: () => scaledRounding(tensor.dtype, table.read()),
    unread: null,
    notes: [...tensor.notes, `dequantized from ${tensor.dtype} by ${table.name}`],
    read() {
      const values = tensor.read();
      const scales = table.read();
      for (let row = 0, i = 0; row < rows; row++) {
        const from = Math.floor(row / high) * blockCols;
        for (let col = 0; col < cols; col++, i++) {
          const scale = scales[from + Math.floor(col / wide)]!;
          values[i]! *= scale;
        }
      }
      return values;
    },
  };
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
