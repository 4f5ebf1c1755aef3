import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { readText } from '../../base/files/readFile.ts';
import { readSafetensors, type Tensor } from '../../base/safetensors/safetensors.ts';
import { UserError } from '../../base/userError.ts';
import type { SpectrumRow } from '../../spectra/spectrumRow.ts';
import type { RunConfig } from '../config/schema.ts';
import { type CsvRow, readSpectraCsv, readTable } from './csvFiles.ts';
import { type OnDamage, readOrElse, refuseDamage } from './damage.ts';
import { esdKey, type ResultsLayout, resultsLayout } from './layout.ts';
import type { MetricsRow } from './metricsRow.ts';
import { type Provenance, readProvenance } from './provenance.ts';
import { readMetrics } from './readMetrics.ts';
import { readRunConfig } from './runConfig.ts';
import { type RunStatus, readStatus } from './runStatus.ts';
import { snapshotEpochs } from './snapshotEpochs.ts';

export interface ExperimentInfo {
  name: string;
  description: string | null;
  /** experiment.yaml as it stands; null where the folder has none. */
  yaml: string | null;
}

export interface RunResults {
  id: string;
  /** As stored by the run; keys that a later version added may be absent. */
  config: RunConfig | null;
  status: RunStatus | null;
  provenance: Provenance | null;
  metrics: MetricsRow[];
  /** Epochs whose snapshot is still there, ascending. */
  snapshots: number[];
}

export interface Results {
  dir: string;
  experiment: ExperimentInfo;
  /** Runs of the runs/ folder and runs that only spectra.csv knows, in natural order of their ids. */
  runs: RunResults[];
  spectra: SpectrumRow[];
  /** Rows of reproduction.csv, with whatever columns it has; empty where there is none. */
  reproduction: CsvRow[];
  /** Returns the eigenvalues of W^T W, ascending; null where they are not stored. `run` is null for weights that belong to no run. */
  esd(run: string | null, epoch: number | null, layer: string): Float64Array | null;
}

const naturalOrder = new Intl.Collator('en', { numeric: true });

/**
 * Returns what a results folder holds; eigenvalues are read when asked for. A folder whose training has not begun, or that has
 * only spectra.csv, is read as far as it goes. A file that cannot be read is told to `onDamage` and counts as missing; without one it is a
 * UserError, as are a folder that is not there and one that holds neither.
 */
export function readResults(dir: string, onDamage: OnDamage = refuseDamage): Results {
  const layout = resultsLayout(dir);
  if (!existsSync(dir) || !statSync(dir).isDirectory()) {
    throw new UserError(`results folder must exist, got ${dir}`);
  }
  const runIds = existsSync(layout.runs)
    ? readdirSync(layout.runs, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => entry.name)
    : [];
  if (runIds.length === 0 && !existsSync(layout.spectra)) {
    throw new UserError(`results folder must hold runs/ or spectra.csv, got ${dir}`);
  }
  const spectra = readOrElse(
    layout.spectra,
    () => (existsSync(layout.spectra) ? readSpectraCsv(layout.spectra) : []),
    [],
    onDamage,
  );
  const ids = new Set(runIds);
  for (const { run } of spectra) if (run !== null) ids.add(run);
  return {
    dir,
    experiment: readExperiment(layout, onDamage),
    runs: [...ids].sort(naturalOrder.compare).map((id) => readRun(layout, id, onDamage)),
    spectra,
    reproduction: readOrElse(
      layout.reproduction,
      () => (existsSync(layout.reproduction) ? readTable(layout.reproduction) : []),
      [],
      onDamage,
    ),
    esd: esdReader(layout, onDamage),
  };
}

function readExperiment(layout: ResultsLayout, onDamage: OnDamage): ExperimentInfo {
  const fallback = basename(resolve(layout.dir));
  if (!existsSync(layout.experiment)) return { name: fallback, description: null, yaml: null };
  const yaml = readOrElse(layout.experiment, () => readText(layout.experiment), null, onDamage);
  const parsed = readOrElse(layout.experiment, () => parsedYaml(layout.experiment, yaml), {}, onDamage);
  const { name, description } = parsed;
  return {
    name: typeof name === 'string' ? name : fallback,
    description: typeof description === 'string' ? description : null,
    yaml,
  };
}

function parsedYaml(path: string, yaml: string | null): Record<string, unknown> {
  try {
    return parseYaml(yaml ?? '') ?? {};
  } catch (error) {
    const [line] = (error as Error).message.split('\n');
    throw new UserError(`${path} must be YAML: ${line}`);
  }
}

function readRun(layout: ResultsLayout, id: string, onDamage: OnDamage): RunResults {
  const run = layout.run(id);
  const status = readOrElse(run.status, () => readStatus(run.status), null, onDamage);
  return {
    id,
    config: readRunConfig(run, onDamage),
    status,
    provenance: readOrElse(run.provenance, () => readProvenance(run), null, onDamage),
    metrics: readOrElse(run.metrics, () => readMetrics(run, status), [], onDamage),
    snapshots: readOrElse(run.snapshots, () => snapshotEpochs(run.snapshots), [], onDamage),
  };
}

/** Holds the spectra of one run at a time: callers go run by run, and a large sweep does not fit in memory. */
function esdReader(layout: ResultsLayout, onDamage: OnDamage): Results['esd'] {
  let held: { path: string; tensors: ReadonlyMap<string, Tensor> } | null = null;
  const told = new Set<string>();
  const tellOnce: OnDamage = (path, error) => {
    if (!told.has(path)) onDamage(path, error);
    told.add(path);
  };
  return (run, epoch, layer) => {
    const path = layout.esd(run ?? 'weights');
    if (held?.path !== path) {
      const read = () => (existsSync(path) ? readSafetensors(path).tensors : new Map());
      held = { path, tensors: readOrElse(path, read, new Map(), tellOnce) };
    }
    const data = held.tensors.get(epoch === null ? layer : esdKey(epoch, layer))?.data;
    if (data === undefined) return null;
    if (!(data instanceof Float64Array)) {
      throw new UserError(`eigenvalues must be float64, got another type in ${path} for ${layer}`);
    }
    return data;
  };
}
