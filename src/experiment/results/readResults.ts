import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { readJson, readText } from '../../base/files/readFile.ts';
import { readSafetensors, type Tensor } from '../../base/safetensors/safetensors.ts';
import { UserError } from '../../base/userError.ts';
import type { SpectrumRow } from '../../spectra/spectrumRow.ts';
import type { RunConfig } from '../config/schema.ts';
import { type CsvRow, readMetricsCsv, readSpectraCsv, readTable } from './csvFiles.ts';
import { esdKey, type ResultsLayout, resultsLayout } from './layout.ts';
import type { MetricsRow } from './metricsRow.ts';
import type { Provenance } from './provenance.ts';
import type { RunStatus } from './runStatus.ts';
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
 * only spectra.csv, is read as far as it goes. Throws UserError for a folder that is not there or that holds neither.
 */
export function readResults(dir: string): Results {
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
  const spectra = existsSync(layout.spectra) ? readSpectraCsv(layout.spectra) : [];
  const ids = new Set(runIds);
  for (const { run } of spectra) if (run !== null) ids.add(run);
  return {
    dir,
    experiment: readExperiment(layout),
    runs: [...ids].sort(naturalOrder.compare).map((id) => readRun(layout, id)),
    spectra,
    reproduction: existsSync(layout.reproduction) ? readTable(layout.reproduction) : [],
    esd: esdReader(layout),
  };
}

function readExperiment(layout: ResultsLayout): ExperimentInfo {
  const fallback = basename(resolve(layout.dir));
  if (!existsSync(layout.experiment)) return { name: fallback, description: null, yaml: null };
  const yaml = readText(layout.experiment);
  let parsed: unknown;
  try {
    parsed = parseYaml(yaml);
  } catch (error) {
    throw new UserError(`${layout.experiment} must be YAML: ${(error as Error).message}`);
  }
  const { name, description } = (parsed ?? {}) as Record<string, unknown>;
  return {
    name: typeof name === 'string' ? name : fallback,
    description: typeof description === 'string' ? description : null,
    yaml,
  };
}

function readRun(layout: ResultsLayout, id: string): RunResults {
  const run = layout.run(id);
  return {
    id,
    config: readStored<RunConfig>(run.config),
    status: readStored<RunStatus>(run.status),
    provenance: readStored<Provenance>(run.provenance),
    metrics: existsSync(run.metrics) ? readMetricsCsv(run.metrics) : [],
    snapshots: snapshotEpochs(run.snapshots),
  };
}

function readStored<T>(path: string): T | null {
  return existsSync(path) ? (readJson(path) as T) : null;
}

/** Holds the spectra of one run at a time: callers go run by run, and a large sweep does not fit in memory. */
function esdReader(layout: ResultsLayout): Results['esd'] {
  let held: { path: string; tensors: ReadonlyMap<string, Tensor> } | null = null;
  return (run, epoch, layer) => {
    const path = layout.esd(run ?? 'weights');
    if (held?.path !== path) {
      held = { path, tensors: existsSync(path) ? readSafetensors(path).tensors : new Map() };
    }
    const data = held.tensors.get(epoch === null ? layer : esdKey(epoch, layer))?.data;
    if (data === undefined) return null;
    if (!(data instanceof Float64Array)) {
      throw new UserError(`eigenvalues must be float64, got another type in ${path} for ${layer}`);
    }
    return data;
  };
}
