import { canonicalJson } from '../../base/canonicalJson.ts';
import { sha256 } from '../../base/sha256.ts';

/** Names of keys in run ids where the last part of the dotted key would be longer or say less. */
const SHORT_KEYS: Readonly<Record<string, string>> = {
  batchSize: 'b',
  learningRate: 'lr',
  learningRateDecay: 'decay',
  'optimizer.type': 'optimizer',
  'l2.coefficient': 'l2',
  'dropout.rate': 'dropout',
};
const MAX_ID_LENGTH = 100;

export interface Identified {
  /** What sets the run apart, by dotted key. */
  differs: Readonly<Record<string, unknown>>;
  /** A name given by the user, taken as it is. */
  name: string | null;
}

/**
 * Returns the id of every run, unique also where a file system does not tell `a` from `A`: `b=16_seed=3` of the keys that set it
 * apart, the given name, or `run` when there is nothing to tell. The same runs get the same ids whatever their order.
 */
export function runIds(runs: readonly Identified[]): string[] {
  const label = keyLabels(new Set(runs.flatMap((run) => Object.keys(run.differs))));
  const ids = runs.map((run) => run.name ?? composeId(run, label));
  const count = new Map<string, number>();
  for (const id of ids) count.set(id.toLowerCase(), (count.get(id.toLowerCase()) ?? 0) + 1);
  return ids.map((id, i) =>
    count.get(id.toLowerCase()) === 1 || runs[i]!.name !== null ? id : `${id}_${hash(runs[i]!.differs)}`,
  );
}

/** Two keys with one short name both get their full one. */
function keyLabels(keys: ReadonlySet<string>): (key: string) => string {
  const short = (key: string): string => SHORT_KEYS[key] ?? key.slice(key.lastIndexOf('.') + 1);
  const shared = (key: string): boolean =>
    [...keys].some((other) => other !== key && short(other) === short(key));
  return (key) => (shared(key) ? key : short(key));
}

function composeId({ differs }: Identified, label: (key: string) => string): string {
  const parts = Object.entries(differs).map(([key, value]) => `${label(key)}=${valueLabel(value)}`);
  const id = parts.length === 0 ? 'run' : parts.join('_');
  return id.length <= MAX_ID_LENGTH ? id : `${id.slice(0, MAX_ID_LENGTH - 7)}_${hash(differs)}`;
}

function valueLabel(value: unknown): string {
  if (value === null) return 'none';
  if (Array.isArray(value) && value.every((item) => typeof item !== 'object'))
    return value.map(valueLabel).join('+');
  if (typeof value === 'object') return hash(value);
  return String(value).replace(/[^A-Za-z0-9.+-]/g, '-');
}

function hash(value: unknown): string {
  return sha256(canonicalJson(value)).slice(0, 6);
}
