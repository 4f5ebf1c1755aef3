import { canonicalJson } from '../../base/canonicalJson.ts';
import {
  type ConfigNode,
  type ConfigProblem,
  filterKeys,
  type KeyPath,
  type ListNode,
  type MapNode,
  mergeMaps,
  type Origin,
  setAt,
  showPath,
  showValue,
  toPlain,
} from '../config/configNode.ts';
import { RUN_KEYS } from '../config/experimentSchema.ts';

/** Enough for every sweep anyone can train; stops a grid that was not meant. */
const MAX_RUNS = 10_000;

/** One run of a sweep before it is checked. */
export interface SweptRun {
  /** The keys of the run, with the places where they were written. */
  node: MapNode;
  /** What sets this run apart, by dotted key in the order of the schema. */
  differs: Record<string, unknown>;
  /** The name an `include` entry gives its run. */
  name: string | null;
  /** Where the run was asked for: the sweep, or its `include` entry. */
  origin: Origin;
}

export interface ExpandedSweep {
  runs: SweptRun[];
  problems: ConfigProblem[];
  notes: string[];
}

/** Keys whose values change together: one key of the grid, or one group of `zip`. */
interface Axis {
  keys: string[];
  /** Values of the keys, one entry a step along the axis. */
  steps: ConfigNode[][];
}

/**
 * Returns the runs of a sweep: every combination of its axes in the order they are written, the first changing slowest, without
 * those `exclude` names, then the `include` entries. Without a sweep there is one run; with `include` alone there is no grid.
 * `sweep` has the shape of sweepSchema.
 */
export function expandSweep(base: MapNode, sweep: MapNode | null): ExpandedSweep {
  if (sweep === null || sweep.entries.size === 0) {
    return { runs: [{ node: base, differs: {}, name: null, origin: base.origin }], problems: [], notes: [] };
  }
  const { axes, problems } = readAxes(sweep);
  const excludes = items(sweep, 'exclude') as MapNode[];
  const includes = items(sweep, 'include') as MapNode[];
  const swept = axes.flatMap((axis) => axis.keys);
  for (const exclude of excludes) {
    for (const [key, entry] of exclude.entries) {
      if (!swept.includes(key)) {
        const known = swept.length === 0 ? 'nothing' : swept.join(', ');
        problems.push({
          origin: entry.key,
          message: `exclude: ${key} must be a swept key, got one that is not (swept: ${known})`,
        });
      }
    }
  }
  const size = axes.reduce((product, axis) => product * axis.steps.length, axes.length === 0 ? 0 : 1);
  if (size + includes.length > MAX_RUNS) {
    problems.push({
      origin: sweep.origin,
      message: `a sweep must have at most ${MAX_RUNS} runs, got ${size}`,
    });
  }
  if (problems.length > 0) return { runs: [], problems, notes: [] };

  const { kept, notes } = leaveOut(combinations(axes), excludes);
  const runs = [
    ...kept.map((values) => gridRun(base, values, sweep.origin)),
    ...includes.map((include) => includedRun(base, include)),
  ];
  if (runs.length === 0) {
    problems.push({ origin: sweep.origin, message: 'a sweep must have at least one run, got none' });
  }
  return { runs, problems, notes };
}

function readAxes(sweep: MapNode): { axes: Axis[]; problems: ConfigProblem[] } {
  const problems: ConfigProblem[] = [];
  const axes: Axis[] = [];
  const taken: string[] = [];
  const take = (key: string, origin: ConfigProblem['origin']): void => {
    const clash = taken.find(
      (other) => other === key || other.startsWith(`${key}.`) || key.startsWith(`${other}.`),
    );
    if (clash === key) problems.push({ origin, message: `sweep: ${key} must be swept once, got it twice` });
    else if (clash !== undefined) {
      problems.push({ origin, message: `sweep: ${key} must not be swept together with ${clash}` });
    }
    taken.push(key);
  };
  for (const [key, entry] of sweep.entries) {
    if (!RUN_KEYS.has(key)) continue;
    take(key, entry.key);
    axes.push({ keys: [key], steps: (entry.node as ListNode).items.map((value) => [value]) });
  }
  (items(sweep, 'zip') as MapNode[]).forEach((group, index) => {
    const lists = [...group.entries].map(([key, entry]) => ({
      key,
      at: entry.key,
      list: entry.node as ListNode,
    }));
    for (const { key, at } of lists) take(key, at);
    const length = lists[0]?.list.items.length ?? 0;
    for (const { key, at, list } of lists) {
      if (list.items.length !== length) {
        const message = `zip: ${key} must have ${length} values as ${lists[0]!.key} has, got ${list.items.length}`;
        problems.push({ origin: at, message });
      }
    }
    if (lists.length === 0) {
      const path: KeyPath = ['sweep', 'zip', index];
      problems.push({
        origin: group.origin,
        message: `${showPath(path)} must have at least one list, got none`,
      });
    }
    axes.push({
      keys: lists.map(({ key }) => key),
      steps: Array.from({ length }, (_, step) => lists.map(({ list }) => list.items[step]!)),
    });
  });
  return { axes, problems };
}

type Values = Map<string, ConfigNode>;

function combinations(axes: readonly Axis[]): Values[] {
  if (axes.length === 0) return [];
  return axes.reduce<Values[]>(
    (all, axis) =>
      all.flatMap((values) =>
        axis.steps.map(
          (step) => new Map([...values, ...axis.keys.map((key, i) => [key, step[i]!] as const)]),
        ),
      ),
    [new Map()],
  );
}

function leaveOut(all: readonly Values[], excludes: readonly MapNode[]): { kept: Values[]; notes: string[] } {
  let kept = [...all];
  const notes: string[] = [];
  for (const exclude of excludes) {
    const wanted = [...exclude.entries].map(
      ([key, { node }]) => [key, canonicalJson(toPlain(node))] as const,
    );
    const left = kept.filter(
      (values) => !wanted.every(([key, value]) => canonicalJson(toPlain(values.get(key)!)) === value),
    );
    if (left.length === kept.length) notes.push(`exclude leaves no run out: ${showExclude(exclude)}`);
    kept = left;
  }
  return { kept, notes };
}

function gridRun(base: MapNode, values: Values, origin: Origin): SweptRun {
  const ordered = inSchemaOrder([...values]);
  return {
    node: ordered.reduce((node, [key, value]) => setAt(node, key.split('.'), value), base),
    differs: Object.fromEntries(ordered.map(([key, value]) => [key, toPlain(value)])),
    name: null,
    origin,
  };
}

function includedRun(base: MapNode, include: MapNode): SweptRun {
  const name = include.entries.get('name')?.node;
  const changes = filterKeys(include, (key) => key !== 'name');
  return {
    node: { ...mergeMaps(base, changes), origin: base.origin },
    differs: Object.fromEntries(
      inSchemaOrder(leaves(changes, '')).map(([key, node]) => [key, toPlain(node)]),
    ),
    name: name === undefined ? null : (toPlain(name) as string),
    origin: include.origin,
  };
}

function leaves(map: MapNode, prefix: string): [string, ConfigNode][] {
  return [...map.entries].flatMap(([key, { node }]): [string, ConfigNode][] =>
    node.kind === 'map' && RUN_KEYS.has(prefix + key)
      ? leaves(node, `${prefix}${key}.`)
      : [[prefix + key, node]],
  );
}

function inSchemaOrder(values: [string, ConfigNode][]): [string, ConfigNode][] {
  const order = [...RUN_KEYS.keys()];
  return values.sort(([a], [b]) => order.indexOf(a) - order.indexOf(b));
}

function items(sweep: MapNode, key: string): readonly ConfigNode[] {
  const node = sweep.entries.get(key)?.node;
  return node?.kind === 'list' ? node.items : [];
}

function showExclude(exclude: MapNode): string {
  return [...exclude.entries].map(([key, { node }]) => `${key}: ${showValue(toPlain(node))}`).join(', ');
}
