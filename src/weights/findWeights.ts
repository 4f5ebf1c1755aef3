import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { UserError } from '../base/userError.ts';
import { checkpointEpoch } from './checkpointNames.ts';
import { isTfjs } from './formats/tfjs.ts';
import { isWeightsIndex, shardsOf } from './formats/weightsIndex.ts';
import { WEIGHTS_EXTENSIONS } from './openWeights.ts';
import { type Compare, compareWeights } from './sameWeights.ts';

/** A file of weights, and a name that tells it from the others found with it: `b=16_seed=3/epoch-004`. */
export interface FoundWeights {
  path: string;
  name: string;
  /** Epoch or step by its name or the name of its folder; null where neither says one. */
  epoch: number | null;
}

/** The weights files that a path means, and those that were passed over as copies of them. */
export interface WeightsSearch {
  found: FoundWeights[];
  copies: { path: string; reason: string }[];
}

/** Folders in folders that are looked into, and entries in all. */
const MAX_DEPTH = 8;
const MAX_ENTRIES = 100_000;

/**
 * Returns the weights files that a path means: itself when it is a file; of a results folder or the folder of a run the snapshots, run by
 * run and epoch by epoch; of any other folder the weights files in it and in its subfolders, in natural order, one of several copies of a
 * model, and no state of a training. A path without any is a UserError.
 */
export function findWeights(path: string): FoundWeights[] {
  return searchWeights(path).found;
}

/** Tells copies by their names alone, without opening a file. */
export const BY_NAME: Compare = () => null;

/** As `findWeights`, with what was passed over as a copy. */
export function searchWeights(path: string, compare = compareWeights()): WeightsSearch {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) throw new UserError(`${path} must be a file or a folder, got none`);
  if (!stat.isDirectory()) return { found: [foundAt(path, stem(path))], copies: [] };
  const runs = join(path, 'runs');
  const search: WeightsSearch = { found: [], copies: [] };
  if (existsSync(runs)) {
    for (const run of names(runs)) {
      for (const found of snapshotsOf(join(runs, run))) {
        search.found.push({ ...found, name: `${run}/${found.name}` });
      }
    }
  } else if (existsSync(join(path, 'snapshots'))) search.found = snapshotsOf(path);
  // The cache of the Hugging Face hub has folders in its `snapshots`.
  if (search.found.length === 0 && !existsSync(runs))
    walk(path, '', search, { depth: 0, entries: 0, compare });
  if (search.found.length === 0) {
    throw new UserError(`${path} must hold weights (${WEIGHTS_EXTENSIONS.join(', ')}), got none`);
  }
  return search;
}

/** The snapshots of a run, or the weights files of a folder that is none. */
function snapshotsOf(folder: string): FoundWeights[] {
  const snapshots = join(folder, 'snapshots');
  const inside = existsSync(snapshots) ? snapshots : folder;
  if (!statSync(inside).isDirectory()) return [];
  return names(inside)
    .filter(isWeights)
    .map((name) => foundAt(join(inside, name), stem(name)));
}

const foundAt = (path: string, name: string): FoundWeights => ({ path, name, epoch: checkpointEpoch(path) });

function walk(
  folder: string,
  prefix: string,
  search: WeightsSearch,
  state: { depth: number; entries: number; compare: Compare },
): void {
  const entries = readdirSync(folder, { withFileTypes: true });
  state.entries += entries.length;
  if (state.depth > MAX_DEPTH || state.entries > MAX_ENTRIES) return;
  const files = entries
    .filter((entry) => !entry.isDirectory())
    .map(({ name }) => name)
    .toSorted(natural);
  const shards = new Set(files.filter(isWeightsIndex).flatMap((name) => shardsOf(join(folder, name))));
  const candidates = files.filter((name) => isWeights(name) && !shards.has(name));
  const copies = copiesAmong(folder, candidates, state.compare);
  for (const name of candidates) {
    const reason = copies.get(name);
    if (reason !== undefined) search.copies.push({ path: join(folder, name), reason });
    else search.found.push(foundAt(join(folder, name), `${prefix}${stem(name)}`));
  }
  const model = candidates.find((name) => modelOf(name) === MODEL && !copies.has(name));
  for (const { name } of entries
    .filter((entry) => entry.isDirectory())
    .toSorted((a, b) => natural(a.name, b.name))) {
    const isSpectra = name === 'esd' && files.includes('spectra.csv');
    if (name.startsWith('.') || name === 'node_modules' || isSpectra) continue;
    const inside: WeightsSearch = { found: [], copies: [] };
    walk(join(folder, name), `${prefix}${name}/`, inside, Object.assign(state, { depth: state.depth + 1 }));
    state.depth--;
    const isCopy = model !== undefined && CONVERTED_FOLDER.test(name);
    for (const found of inside.found) {
      if (isCopy) search.copies.push({ path: found.path, reason: byName(join(folder, model)) });
      else search.found.push(found);
    }
    for (const copy of inside.copies) search.copies.push(copy);
  }
}

const byName = (of: string): string => `by its name it is the model of ${of}`;

/**
 * Returns which files of a folder are copies of another one there, each with its reason. Files with the names of one model are copies
 * unless their weights differ; others are where their weights are the same. Of these the one with the finest element type is kept. A
 * series is none, whatever it holds: checkpoints, and names that differ in numbers alone. Nor are arrays, which are layers of one model.
 */
function copiesAmong(folder: string, candidates: readonly string[], compare: Compare): Map<string, string> {
  let kept: string[] = [];
  const copies = new Map<string, string>();
  const pathOf = (name: string): string => join(folder, name);
  for (const name of candidates.toSorted((a, b) => preference(a) - preference(b))) {
    const coarser: string[] = [];
    for (const other of kept) {
      const namesAgree = modelOf(name) === modelOf(other);
      if (!namesAgree && isSeries(pathOf(name), pathOf(other))) continue;
      const likeness = isVariant(name) && namesAgree ? null : compare(pathOf(other), pathOf(name));
      if (likeness === 'finer' && !saysMoreOfEpoch(other, name)) coarser.push(other);
      else if (likeness === null && namesAgree) copies.set(name, byName(pathOf(other)));
      else if (likeness !== null && likeness !== 'other') {
        copies.set(name, byContents(pathOf(other), likeness === 'coarser'));
      }
      if (copies.has(name)) break;
    }
    if (copies.has(name)) continue;
    for (const other of coarser) copies.set(other, byContents(pathOf(name), true));
    kept = [...kept.filter((other) => !coarser.includes(other)), name];
  }
  return copies;
}

const byContents = (of: string, coarser: boolean): string =>
  `it holds the same weights as ${of}${coarser ? ', in a coarser element type' : ''}`;

const saysMoreOfEpoch = (a: string, b: string): boolean =>
  checkpointEpoch(a) !== null && checkpointEpoch(b) === null;

function isSeries(a: string, b: string): boolean {
  const unnumbered = (path: string): string => basename(path).replace(/\d+/g, '0');
  const bothHaveEpochs = [a, b].every((path) => checkpointEpoch(basename(path)) !== null);
  return bothHaveEpochs || unnumbered(a) === unnumbered(b) || [a, b].some((path) => extname(path) === '.npy');
}

const natural = (a: string, b: string): number =>
  a.localeCompare(b, 'en', { numeric: true }) || (a < b ? -1 : 1);
const names = (folder: string): string[] => readdirSync(folder).toSorted();

/** What trainers leave beside the weights. */
const TRAINING_STATE =
  /^(optimi[sz]er|scheduler|scaler|sampler|rng_state|random_states?|training_args|trainer_state|optim)(_[\w-]*)?\.\w+$|optim_states\.pt$/i;

/** `model_best.pth.tar` is what many trainers call a file of torch.save, which is no tar archive. */
const withoutTar = (name: string): string => name.replace(/(\.(pt|pth|ckpt))\.tar$/i, '$1');

/** JSON and .bin files are everywhere: they count only by the names that TensorFlow.js and PyTorch's users give them. A .pkl may be anything. */
function isWeights(name: string): boolean {
  const extension = extname(withoutTar(name)).toLowerCase();
  if (TRAINING_STATE.test(name)) return false;
  if (extension === '.json') return isTfjs(name) || isWeightsIndex(name);
  if (extension === '.bin') return /(^|_)model[\w.-]*\.bin$/.test(name);
  return extension !== '.pkl' && WEIGHTS_EXTENSIONS.some((known) => known === extension);
}

/** Names that libraries give to one and the same model. */
const MODEL = 'model';
const MODEL_NAMES =
  /^((pytorch|tf|flax|open_clip|open_clip_pytorch|diffusion_pytorch)_)?model$|^consolidated(\.00)?$/;
/** Folders beside a model that hold it in other formats. */
const CONVERTED_FOLDER = /^(onnx|openvino|tflite|coreml|tf|flax)$/;
/** Formats from the one that says most of a model to the one that says least. */
const PREFERRED = ['.safetensors', '.bin', '.pt', '.pth', '.ckpt', '.keras', '.h5', '.onnx', '.npz', '.gguf'];

/** Of an index of shards, with the variant that it is of. */
const INDEX_END = /\.index(\.\w+)?\.json$/;

const bare = (name: string): string =>
  name
    .replace(INDEX_END, '')
    .replace(/\.(safetensors|bin)$/, '')
    .replace(/\.\w+$/, (end) => (/^\.\d/.test(end) ? end : ''));

/** Returns a name that all copies of a model in a folder share. */
function modelOf(name: string): string {
  if (isTfjs(name)) return name;
  const base = bare(name).replace(/\.(fp16|bf16|fp32|non_ema|ema)$/, '');
  return MODEL_NAMES.test(base) ? MODEL : base;
}

/** Of another precision or with averaged weights, by its name, and left out for that. */
const isVariant = (name: string): boolean => /\.(fp16|bf16|non_ema|ema)\.\w+$/.test(name);

/** A checkpoint that says its epoch comes before one that does not, such as `last.ckpt`; then formats decide. */
function preference(name: string): number {
  const format = PREFERRED.indexOf(extname(name.replace(INDEX_END, '')).toLowerCase());
  const isConsolidated = name.startsWith('consolidated');
  const hasNoEpoch = checkpointEpoch(name) === null;
  return (
    (hasNoEpoch ? 1000 : 0) +
    (format === -1 ? PREFERRED.length : format) +
    (isVariant(name) ? 100 : 0) +
    (isConsolidated ? 0.5 : 0)
  );
}

const stem = (path: string): string => {
  const name = withoutTar(basename(path));
  return basename(name, extname(name));
};
