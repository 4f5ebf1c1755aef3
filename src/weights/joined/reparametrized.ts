import { elementCount } from '../../base/elementCount.ts';
import { isReadable } from '../tensors/storedTensor.ts';
import type { StoredTensor } from '../tensors/weightsFile.ts';
import type { TensorSet } from './tensorSet.ts';

/**
 * Joins the parts that PyTorch's reparametrizations store in the place of a weight: weight norm (g and v: g v/|v|), spectral norm
 * (weight, u and v: weight / u^T weight v) and pruning (weight and mask: weight * mask). A weight that a whole module has beside its parts
 * was computed from them and is left out.
 */
export function joinReparametrized(set: TensorSet): void {
  for (const name of set.names) {
    const main = set.get(name);
    if (main === undefined || !isReadable(main)) continue;
    const split = splitName(name);
    if (split === null) continue;
    const { weight, part } = split;
    const old = (suffix: string): StoredTensor | undefined => readable(set.get(`${weight}${suffix}`));
    const parametrization = (suffix: string): StoredTensor | undefined =>
      readable(set.get(`${stem(weight)}parametrizations.${last(weight)}.${suffix}`));
    const join = (joined: Joined | null, parts: readonly (StoredTensor | undefined)[]): void => {
      const beside = set.get(weight);
      if (joined === null || (beside !== undefined && beside.use !== 'derived')) return;
      if (beside !== undefined) set.drop(weight, 'computed from its parts, which are put together');
      set.put(name, { ...main, name: weight, notes: [...main.notes, joined.note], read: joined.read });
      for (const other of parts) {
        if (other !== undefined && other.name !== name) set.drop(other.name, `part of ${weight}`);
      }
    };
    if (part === '_v') join(weightNorm(main, old('_g')), [old('_g')]);
    else if (part === 'original1')
      join(weightNorm(main, parametrization('original0')), [parametrization('original0')]);
    else if (part === '_orig' && old('_mask') !== undefined)
      join(masked(main, old('_mask')!), [old('_mask')]);
    else if (part === '_orig') join(spectralNorm(main, old('_u'), old('_v')), [old('_u'), old('_v')]);
    else {
      const [u, v, mask, base] = ['0._u', '0._v', '0.mask', '0.base'].map(parametrization);
      const joined = spectralNorm(main, u, v) ?? (mask === undefined ? null : masked(main, mask));
      join(joined ?? { note: 'before its parametrization', read: main.read }, [u, v, mask, base]);
    }
  }
}

const readable = (part: StoredTensor | undefined): StoredTensor | undefined =>
  part !== undefined && isReadable(part) ? part : undefined;

interface Joined {
  note: string;
  read: StoredTensor['read'];
}

const OLD = /^(.*)(_v|_orig)$/;
const NEW = /^(.*\.)?parametrizations\.([^.]+)\.(original|original1)$/;

function splitName(name: string): { weight: string; part: string } | null {
  const parametrized = NEW.exec(name);
  if (parametrized !== null) {
    return { weight: `${parametrized[1] ?? ''}${parametrized[2]}`, part: parametrized[3]! };
  }
  const old = OLD.exec(name);
  return old === null ? null : { weight: old[1]!, part: old[2]! };
}

const stem = (name: string): string => name.slice(0, name.lastIndexOf('.') + 1);
const last = (name: string): string => name.slice(name.lastIndexOf('.') + 1);

/** The norms are over all axes but those along which g is longer than one; over all of them where it is a single number. */
function weightNorm(v: StoredTensor, g: StoredTensor | undefined): Joined | null {
  const { shape } = v;
  if (g === undefined || shape.length < 2) return null;
  const sides = g.shape.length === 0 ? shape.map(() => 1) : g.shape;
  const fits = sides.every((side, axis) => side === 1 || side === shape[axis]);
  if (!fits || sides.length !== shape.length) return null;
  const read = (): Float32Array | Float64Array => {
    const values = v.read();
    const magnitudes = g.read();
    const groups = groupOf(shape, sides);
    const squares = new Float64Array(magnitudes.length);
    for (let i = 0; i < values.length; i++) squares[groups(i)]! += values[i]! ** 2;
    const factors = squares.map((square, group) => magnitudes[group]! / Math.sqrt(square));
    for (let i = 0; i < values.length; i++) values[i]! *= factors[groups(i)]!;
    return values;
  };
  return { note: 'weight norm: g v/|v|', read };
}

/** Returns the index in a tensor of sides one or like `shape`'s that belongs to a flat index of `shape`. */
function groupOf(shape: readonly number[], sides: readonly number[]): (flat: number) => number {
  const kept = shape
    .map((side, axis) => ({
      side,
      inner: elementCount(shape.slice(axis + 1)),
      stride: sides[axis] === 1 ? 0 : elementCount(sides.slice(axis + 1)),
    }))
    .filter(({ stride }) => stride > 0);
  return (flat) =>
    kept.reduce((sum, { side, inner, stride }) => sum + (Math.floor(flat / inner) % side) * stride, 0);
}

function masked(weight: StoredTensor, mask: StoredTensor): Joined | null {
  if (elementCount(mask.shape) !== elementCount(weight.shape)) return null;
  const read = (): Float32Array | Float64Array => {
    const values = weight.read();
    const kept = mask.read();
    for (let i = 0; i < values.length; i++) values[i]! *= kept[i]!;
    return values;
  };
  return { note: 'pruned: weight * mask', read };
}

/**
 * sigma = u^T W v with W flattened to one axis x the rest: the outputs, the second axis of a transposed convolution. Where both have as many
 * values as u, it is the one along which u is the direction of W v, as the power iteration leaves it.
 */
function spectralNorm(
  weight: StoredTensor,
  u: StoredTensor | undefined,
  v: StoredTensor | undefined,
): Joined | null {
  if (u?.shape.length !== 1 || v?.shape.length !== 1) return null;
  const { shape } = weight;
  const size = elementCount(shape);
  const axes = [0, 1].filter((axis) => u.shape[0] === shape[axis] && v.shape[0]! * shape[axis]! === size);
  if (axes.length === 0) return null;
  const read = (): Float32Array | Float64Array => {
    const values = weight.read();
    const [left, right] = [u.read(), v.read()];
    const found = axes.map((axis) => alongAxis(values, shape, axis, left, right));
    const { sigma } = found.reduce((best, other) => (other.cosine > best.cosine ? other : best));
    for (let i = 0; i < values.length; i++) values[i]! /= sigma;
    return values;
  };
  return { note: 'spectral norm: weight / u^T weight v', read };
}

/** Returns u^T W v and the cosine of the angle between u and W v, with the rows of W along an axis. */
function alongAxis(
  values: ArrayLike<number>,
  shape: readonly number[],
  axis: number,
  u: ArrayLike<number>,
  v: ArrayLike<number>,
): { sigma: number; cosine: number } {
  const inner = elementCount(shape.slice(axis + 1));
  const rows = shape[axis]!;
  const image = new Float64Array(rows);
  for (let i = 0; i < values.length; i++) {
    const row = Math.floor(i / inner) % rows;
    const column = Math.floor(i / (inner * rows)) * inner + (i % inner);
    image[row]! += values[i]! * v[column]!;
  }
  const sigma = image.reduce((sum, value, row) => sum + value * u[row]!, 0);
  const length = Math.sqrt(image.reduce((sum, value) => sum + value ** 2, 0));
  return { sigma, cosine: Math.abs(sigma) / length };
}
