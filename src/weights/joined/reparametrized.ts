import { elementCount } from '../../base/elementCount.ts';
import { isReadable } from '../tensors/storedTensor.ts';
import type { StoredTensor } from '../tensors/weightsFile.ts';
import type { TensorSet } from './tensorSet.ts';

/**
 * Joins the parts that PyTorch's reparametrizations store in the place of a weight: weight norm (g and v: g v/|v|), spectral norm
 * (weight, u and v: weight / u^T weight v) and pruning (weight and mask: weight * mask).
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
      if (joined === null || set.get(weight) !== undefined) return;
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
      const [u, v] = [parametrization('0._u'), parametrization('0._v')];
      join(spectralNorm(main, u, v) ?? { note: 'before its parametrization', read: main.read }, [u, v]);
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

/** The norms are over all axes but those along which g is longer than one. */
function weightNorm(v: StoredTensor, g: StoredTensor | undefined): Joined | null {
  const { shape } = v;
  if (g === undefined || g.shape.length !== shape.length || shape.length < 2) return null;
  const fits = g.shape.every((side, axis) => side === 1 || side === shape[axis]);
  if (!fits) return null;
  const read = (): Float32Array | Float64Array => {
    const values = v.read();
    const magnitudes = g.read();
    const groups = groupOf(shape, g.shape);
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

/** sigma = u^T W v with W flattened to outputs x the rest. */
function spectralNorm(
  weight: StoredTensor,
  u: StoredTensor | undefined,
  v: StoredTensor | undefined,
): Joined | null {
  const rows = weight.shape[0] ?? 0;
  const cols = elementCount(weight.shape.slice(1));
  const fits = u?.shape.length === 1 && v?.shape.length === 1 && u.shape[0] === rows && v.shape[0] === cols;
  if (!fits) return null;
  const read = (): Float32Array | Float64Array => {
    const values = weight.read();
    const [left, right] = [u.read(), v.read()];
    let sigma = 0;
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < cols; j++) sigma += left[i]! * values[i * cols + j]! * right[j]!;
    }
    for (let i = 0; i < values.length; i++) values[i]! /= sigma;
    return values;
  };
  return { note: 'spectral norm: weight / u^T weight v', read };
}
