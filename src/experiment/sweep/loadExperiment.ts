import { basename, dirname, extname, resolve } from 'node:path';
import { stringify } from 'yaml';
import { z } from 'zod';
import { UserError } from '../../base/userError.ts';
import {
  type ConfigNode,
  type ConfigProblem,
  filterKeys,
  type MapNode,
  problemsError,
  toPlain,
} from '../config/configNode.ts';
import { experimentSchema, NAME_PATTERN, RUN_KEYS, sweepSchema } from '../config/experimentSchema.ts';
import { readConfig } from '../config/readConfig.ts';
import {
  type AnalysisConfig,
  analysisSchema,
  completeRunConfig,
  type RunConfig,
  runConfigSchema,
  type WrittenRunConfig,
} from '../config/schema.ts';
import { validateConfig } from '../config/validateConfig.ts';
import { DATASET_PATH } from '../data/datasets.ts';
import { checkRun } from './checkRun.ts';
import { type ExpandedSweep, expandSweep, type SweptRun } from './expandSweep.ts';
import { runIds } from './runId.ts';
import { runIdentity } from './runIdentity.ts';

export interface ExperimentRun {
  id: string;
  config: RunConfig;
  /** What sets this run apart, by dotted key. */
  differs: Record<string, unknown>;
}

/** A config file read, checked and expanded: all that a sweep needs to know. */
export interface Experiment {
  name: string;
  description: string | null;
  /** The results folder, absolute. */
  outDir: string;
  /** The config file, absolute; `CONFIG_IN_CODE` where it is none. */
  configPath: string;
  /** The `--set` overrides, as given. */
  overrides: readonly string[];
  analysis: AnalysisConfig;
  runs: readonly ExperimentRun[];
  /** A config file of its own that gives the same runs: bases merged, overrides applied, defaults filled in. */
  resolvedYaml: string;
  /** Remarks for the user that are no errors. */
  notes: readonly string[];
}

/** Stands for the path of a config that was handed over by a program. */
const CONFIG_IN_CODE = '(in code)';
const NAME_IN_CODE = 'experiment';

export interface LoadOptions {
  /** Overrides `key=value`, the later ones on top. */
  set?: readonly string[] | undefined;
  /** Results folder; `results/<name>` under the working folder when left out. */
  out?: string | undefined;
}

/** Keys of an experiment that are not of a run. */
const EXPERIMENT_KEYS = ['name', 'description', 'extends', 'sweep', 'analysis'];
const ELSEWHERE = [...RUN_KEYS.keys()];

/**
 * Returns the experiment that a config describes: the file at a path, or the map of keys itself. Reads only; throws a UserError that lists
 * every mistake with its file, line, column and key path.
 */
export function loadExperiment(config: string | object, { set = [], out }: LoadOptions = {}): Experiment {
  const node = withFolders(readConfig(config, set)) as MapNode;
  const base = filterKeys(node, (key) => !EXPERIMENT_KEYS.includes(key));
  // A map in the config may lack a key that the sweep brings, so what is missing is told run by run.
  const own = validateConfig(experimentSchema, node, { elsewhere: ELSEWHERE, partial: true }).problems;
  const swept = expandChecked(node, base, own);

  const configs = checkRuns(swept.runs, own);
  const ids = runIds(swept.runs);
  const clashes = [...findRepeated(swept.runs, ids)];
  if (clashes.length > 0) throw problemsError(clashes);

  const analysis = analysisSchema.parse(plainAt(node, 'analysis') ?? {});
  const name =
    (plainAt(node, 'name') as string | undefined) ??
    (typeof config === 'string' ? nameOfFile(config) : NAME_IN_CODE);
  return {
    name,
    description: (plainAt(node, 'description') as string | undefined) ?? null,
    outDir: resolve(out ?? `results/${name}`),
    configPath: typeof config === 'string' ? resolve(config) : CONFIG_IN_CODE,
    overrides: set,
    analysis,
    runs: configs.map((config, i) => ({ id: ids[i]!, config, differs: swept.runs[i]!.differs })),
    resolvedYaml: resolvedYaml(name, node, analysis),
    notes: [...swept.notes, ...twins(configs, ids)],
  };
}

/** The path of a data set is relative to the file it is written in, as that of `extends`; from the command line to the working folder. */
function withFolders(node: ConfigNode, key = ''): ConfigNode {
  switch (node.kind) {
    case 'map': {
      const entries = [...node.entries].map(
        ([name, entry]) => [name, { ...entry, node: withFolders(entry.node, name) }] as const,
      );
      return { ...node, entries: new Map(entries) };
    }
    case 'list':
      return { ...node, items: node.items.map((item) => withFolders(item, key)) };
    case 'scalar': {
      const { value, origin } = node;
      if (key !== 'dataset' || typeof value !== 'string' || !DATASET_PATH.test(value)) return node;
      const folder = 'file' in origin ? dirname(origin.file) : '';
      return { ...node, value: resolve(folder, value) };
    }
  }
}

/** Mistakes in the file stop here only where the sweep cannot be expanded; the others are told together with those of its runs. */
function expandChecked(node: MapNode, base: MapNode, problems: readonly ConfigProblem[]): ExpandedSweep {
  const sweep = node.entries.get('sweep')?.node ?? null;
  if (sweep !== null && validateConfig(sweepSchema, sweep, { partial: true }).problems.length > 0) {
    throw problemsError(problems);
  }
  const expanded = expandSweep(base, sweep as MapNode | null);
  const all = [...problems, ...expanded.problems, ...shadowed(node, sweep as MapNode | null)];
  if (expanded.problems.length > 0 || all.length > problems.length) throw problemsError(all);
  return expanded;
}

/** Returns the configs of the runs; throws all mistakes, those of the file first. */
function checkRuns(swept: readonly SweptRun[], problems: readonly ConfigProblem[]): RunConfig[] {
  // Unknown keys are already among the mistakes of the file.
  const schema = z.object(runConfigSchema.shape);
  const found: ConfigProblem[] = [];
  const configs = swept.map((run) => {
    const { value, problems: wrong } = validateConfig<WrittenRunConfig>(schema, run.node);
    const config = value === null ? null : completeRunConfig(value);
    for (const problem of config === null ? wrong : checkRun(config, run.node)) found.push(problem);
    return config;
  });
  const all = [...problems, ...found];
  if (all.length > 0) throw problemsError(all);
  return configs as RunConfig[];
}

/** An override of a key that the sweep sets in every run of the grid would silently do nothing there. */
function shadowed(node: MapNode, sweep: MapNode | null): ConfigProblem[] {
  const zipped = sweep?.entries.get('zip')?.node;
  const groups = zipped?.kind === 'list' ? (zipped.items as MapNode[]) : [];
  const swept = [sweep, ...groups].flatMap((map) => [...(map?.entries.keys() ?? [])]);
  return swept.flatMap((key): ConfigProblem[] => {
    let at = node;
    let origin = null;
    for (const part of key.split('.')) {
      const entry = at.entries.get(part);
      if (entry === undefined) return [];
      origin = entry.node.origin;
      if (entry.node.kind !== 'map') break;
      at = entry.node;
    }
    if (origin === null || !('override' in origin)) return [];
    return [{ origin, message: `${key} is swept: set sweep.${key}, or sweep={} to train a single run` }];
  });
}

function* findRepeated(swept: readonly SweptRun[], ids: readonly string[]): Generator<ConfigProblem> {
  const seen = new Set<string>();
  for (const [i, id] of ids.entries()) {
    const { origin, differs, name } = swept[i]!;
    if (seen.has(id.toLowerCase())) {
      const what = Object.entries(differs).map(([key, value]) => `${key}: ${JSON.stringify(value)}`);
      const message =
        name === null
          ? `sweep: every run must occur once, got twice the one with ${what.join(', ') || 'nothing changed'}`
          : `sweep.include: the name of a run must be unique, got ${name} twice`;
      yield { origin, message };
    }
    seen.add(id.toLowerCase());
  }
}

/** Runs of different ids that train to the same weights are worth a remark, not an error: they may be a control. */
function twins(configs: readonly RunConfig[], ids: readonly string[]): string[] {
  const first = new Map<string, string>();
  return configs.flatMap((config, i) => {
    const identity = runIdentity(config);
    const other = first.get(identity);
    if (other !== undefined) return [`runs ${other} and ${ids[i]} train to the same weights`];
    first.set(identity, ids[i]!);
    return [];
  });
}

function nameOfFile(path: string): string {
  const name = basename(path, extname(path));
  if (!NAME_PATTERN.test(name)) {
    throw new UserError(
      `${path}: the name of the file must be letters, digits and . _ = + - to name the results folder, got ${name}`,
      'Rename the file, or set the key name in it.',
    );
  }
  return name;
}

function plainAt(node: MapNode, key: string): unknown {
  const entry = node.entries.get(key);
  return entry === undefined ? undefined : toPlain(entry.node);
}

/** Keys that only the sweep makes whole stay as they are written; all others are there, with their defaults. */
function resolvedYaml(name: string, node: MapNode, analysis: AnalysisConfig): string {
  const run = Object.entries(runConfigSchema.shape).flatMap(([key, schema]) => {
    const plain = plainAt(node, key);
    const parsed = schema.safeParse(plain);
    const value = parsed.success ? parsed.data : plain;
    return value === undefined ? [] : [[key, value] as const];
  });
  const description = plainAt(node, 'description');
  const sweep = plainAt(node, 'sweep');
  const all = {
    name,
    ...(description === undefined ? {} : { description }),
    ...Object.fromEntries(run),
    analysis,
    ...(sweep === undefined ? {} : { sweep }),
  };
  return stringify(all, { lineWidth: 0, aliasDuplicateObjects: false });
}
