import { checkCount, MAX_ITEMS, MAX_NAME_LENGTH, MAX_TENSORS } from '../../../base/files/limits.ts';
import type { RandomAccessFile } from '../../../base/files/randomAccessFile.ts';
import type { TensorUse } from '../../tensors/weightsFile.ts';
import { type NumpyArray, numpyArray, numpyObjects } from './pickledNumpy.ts';
import { isKind, type PickleValue } from './pickleValue.ts';
import { isTensor, type TorchTensor, type UnreadTensor } from './torchPickle.ts';

/** A tensor or array somewhere in a pickle, by its path: parts joined by dots. */
export interface PickledTensor {
  name: string;
  tensor: TorchTensor | UnreadTensor | NumpyArray;
  use: TensorUse | null;
}

/** Nested containers that a checkpoint may have; real ones have a handful. */
const MAX_DEPTH = 64;
/** What PyTorch's optimizers keep for each parameter. */
const MOMENTS = new Set([
  'exp_avg',
  'exp_avg_sq',
  'max_exp_avg_sq',
  'momentum_buffer',
  'square_avg',
  'acc_delta',
]);
/** Attributes of a module that hold what its name alone stands for in a state dict. */
const MODULE_PARTS = new Set(['_parameters', '_buffers', '_modules']);

/** What the class of a module says of its parameters (the last part of the name; TorchScript's names end in it too). */
const MODULE_USES: readonly [RegExp, TensorUse][] = [
  [/^Embedding(Bag)?$/, 'embedding'],
  [/^(LSTM|GRU|RNN)(Cell)?$/, 'recurrent'],
  [/^Bilinear$/, 'bilinear'],
  [/^(Lazy)?Conv(Transpose)?[123]d$/, 'kernel'],
  [/^(LayerNorm|RMSNorm)$/, 'normalization'],
];

interface Place {
  path: string;
  value: PickleValue;
  depth: number;
  use: TensorUse | null;
}

/**
 * Returns every tensor in a pickled value: in dicts, lists and in whatever the stand-ins hold. Each container is walked once, however often it
 * is named, and none below MAX_DEPTH or behind a path longer than MAX_NAME_LENGTH. An optimizer's state is known by its form: `state` beside
 * `param_groups`, or the names of moments.
 */
export function findTensors(file: RandomAccessFile, value: PickleValue): PickledTensor[] {
  const found: PickledTensor[] = [];
  const seen = new Set<object>();
  const open: Place[] = [{ path: '', value, depth: 0, use: null }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { path, value: current, depth, use } = next;
    const tensor = isTensor(current) ? current.value : numpyArray(current);
    if (tensor !== null) {
      found.push({ name: path === '' ? 'tensor' : path, tensor, use });
      checkCount(file, 'tensors', found.length, MAX_TENSORS);
      continue;
    }
    if (typeof current !== 'object' || current === null || depth > MAX_DEPTH || seen.has(current)) continue;
    const children = childrenOf(current);
    if (children.length === 0) continue;
    seen.add(current);
    const inner =
      use === 'optimizer state' || isOptimizer(children) ? 'optimizer state' : useIn(current, use);
    const isDerived = derivedParts(current);
    for (let i = children.length - 1; i >= 0; i--) {
      const [part, child] = children[i]!;
      if (typeof child !== 'object' || child === null || path.length + part.length >= MAX_NAME_LENGTH)
        continue;
      const name = path === '' || part === '' ? path + part : `${path}.${part}`;
      // Only a module's own parameters are what its class says, not those of the modules in it.
      const ofItsOwn = isKind(child, 'object') && inner !== 'optimizer state' ? null : inner;
      open.push({
        path: name,
        value: child,
        depth: depth + 1,
        use: isDerived(part, child) ? 'derived' : ofItsOwn,
      });
    }
    checkCount(file, 'tensors and containers', open.length, 4 * MAX_ITEMS);
  }
  return found;
}

/** The parts of a container by name; an empty name stands for no part of its own. */
function childrenOf(value: PickleValue): [string, PickleValue][] {
  if (isKind(value, 'dict')) return value.entries.map(([key, child]) => [partOf(key), child]);
  if (isKind(value, 'list')) return value.items.map((child, index) => [String(index), child]);
  if (!isKind(value, 'object')) return [];
  const objects = numpyObjects(value);
  if (objects !== null) return objects.map((child, i) => [objects.length === 1 ? '' : String(i), child]);
  const { args, state, items, entries } = value;
  return [
    ...(isKind(state, 'dict') ? attributes(state.entries) : ([['', state]] as [string, PickleValue][])),
    ...entries.map(([key, child]): [string, PickleValue] => [partOf(key), child]),
    ...items.map((child, index): [string, PickleValue] => [String(index), child]),
    ...args.items.map((child, index): [string, PickleValue] => [String(index), child]),
  ];
}

const attributes = (entries: readonly [PickleValue, PickleValue][]): [string, PickleValue][] =>
  entries.map(([key, child]) => [typeof key === 'string' && MODULE_PARTS.has(key) ? '' : partOf(key), child]);

const partOf = (key: PickleValue): string =>
  typeof key === 'string' || typeof key === 'number' ? String(key) : '?';

function isOptimizer(children: readonly [string, PickleValue][]): boolean {
  const names = new Set(children.map(([name]) => name));
  return (
    (names.has('state') && names.has('param_groups')) ||
    children.some(([name, child]) => MOMENTS.has(name) && isTensor(child))
  );
}

/**
 * Returns what tells the attributes of a module that are no parameters of their own: the list in which an RNN has its weights once more, and
 * the `weight` that pruning and the older weight and spectral norm compute from `weight_orig`, or `weight_g` and `weight_v`.
 */
function derivedParts(value: PickleValue): (part: string, child: PickleValue) => boolean {
  const state = isKind(value, 'object') && isKind(value.state, 'dict') ? value.state.entries : [];
  const parameters = state.find(([key]) => key === '_parameters')?.[1];
  if (!isKind(parameters, 'dict')) return () => false;
  const names = new Set(parameters.entries.map(([name]) => name));
  return (part, child) =>
    (part === '_flat_weights' && isKind(child, 'list')) ||
    (isTensor(child) && (names.has(`${part}_orig`) || (names.has(`${part}_g`) && names.has(`${part}_v`))));
}

/** A module hands its use on to the dicts of its parameters. */
function useIn(value: PickleValue, use: TensorUse | null): TensorUse | null {
  if (!isKind(value, 'object')) return use;
  const last = value.name.slice(value.name.lastIndexOf('.') + 1);
  return MODULE_USES.find(([pattern]) => pattern.test(last))?.[1] ?? null;
}
