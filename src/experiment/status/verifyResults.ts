import { existsSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { CHECKSUMS_FILE, fileSha256, readChecksums } from '../../base/files/checksums.ts';
import { UserError } from '../../base/userError.ts';
import type { SpectrumRow } from '../../spectra/spectrumRow.ts';
import type { RunConfig } from '../config/schema.ts';
import { loadDataset } from '../data/loadDataset.ts';
import { type OnDamage, readOrElse } from '../results/damage.ts';
import { type ResultsLayout, type RunLayout, resultsLayout } from '../results/layout.ts';
import { readProvenance } from '../results/provenance.ts';
import { readMetrics } from '../results/readMetrics.ts';
import { type Results, readResults } from '../results/readResults.ts';
import { readStatus } from '../results/runStatus.ts';
import { runIdentity } from '../sweep/runIdentity.ts';
import { experimentRuns } from './experimentRuns.ts';
import { isFinished, readStoredRun } from './runFolder.ts';
import { snapshotLayers } from './snapshotLayers.ts';

export interface Verification {
  dir: string;
  /** Files whose checksum was compared. */
  files: number;
  /** What does not fit; none: all is as it was written. */
  problems: { path: string; problem: string }[];
  /** What could not be checked, and why. */
  remarks: string[];
}

export interface VerifyOptions {
  /** False for results that were published without their snapshots and checkpoints: these may be missing. */
  weights?: boolean;
}

/**
 * Returns what in a results folder is not as it was written: checksums of all files, runs against experiment.yaml, epochs without
 * metrics, snapshot or spectra, eigenvalues that are not those of spectra.csv, other data than the runs were trained on.
 */
export function verifyResults(dir: string, { weights = true }: VerifyOptions = {}): Verification {
  const layout = resultsLayout(dir);
  if (!existsSync(dir) || !statSync(dir).isDirectory()) {
    throw new UserError(`results folder must exist, got ${dir}`);
  }
  const verification: Verification = { dir, files: 0, problems: [], remarks: [] };
  const check = new Check(verification);
  const runs = experimentRuns(layout, check.damage);
  const growing = areSpectraGrowing(layout, runs);
  if (growing)
    verification.remarks.push(
      'runs are not finished: spectra.csv and esd/, which grow with them, were not compared',
    );
  const analyzed = existsSync(layout.spectra) && !growing;
  check.checksums(dir, analyzed, () => false);
  const results = analyzed ? readResults(dir, check.damage) : null;
  for (const [run, planned] of runs) verifyRun(check, layout.run(run), run, planned, results, weights);
  return verification;
}

/** While runs train, the spectra have no list of checksums: it is written when all of them are analyzed, and goes where one is added. */
function areSpectraGrowing(layout: ResultsLayout, runs: ReadonlyMap<string, RunConfig | null>): boolean {
  if (!existsSync(layout.spectra) || existsSync(join(layout.dir, CHECKSUMS_FILE))) return false;
  return [...runs].some(([run, config]) => {
    const { status } = layout.run(run);
    const stored = readOrElse(
      status,
      () => readStatus(status),
      null,
      () => {},
    );
    return config !== null && !isFinished(stored, config.epochs) && stored?.state !== 'failed';
  });
}

class Check {
  private readonly datasets = new Map<string, string | null>();
  /** Files that could not be read: what they lack need not be told one by one. */
  readonly damaged = new Set<string>();

  constructor(readonly found: Verification) {}

  problem(path: string, problem: string): void {
    this.found.problems.push({ path: relative(this.found.dir, path) || '.', problem });
  }

  /** A file that cannot be read; several checks may come upon it. */
  readonly damage: OnDamage = (path, { message }) => {
    if (this.damaged.has(path)) return;
    this.damaged.add(path);
    this.problem(path, message.startsWith(path) ? message.slice(path.length).replace(/^[: ]+/, '') : message);
  };

  /** Compares every file named in the folder's SHA256SUMS. `mayLack` holds for those that may have been removed on purpose. */
  checksums(folder: string, wanted: boolean, mayLack: (name: string) => boolean): void {
    const list = join(folder, CHECKSUMS_FILE);
    const sums = readOrElse(list, () => readChecksums(folder), new Map<string, string>(), this.damage);
    if (sums === null) {
      if (wanted)
        this.problem(join(folder, CHECKSUMS_FILE), 'is missing: nothing in this folder can be compared');
      return;
    }
    for (const [name, sum] of sums) {
      const path = join(folder, name);
      if (!existsSync(path)) {
        if (!mayLack(name)) this.problem(path, 'is missing');
        continue;
      }
      this.found.files++;
      if (readOrElse(path, () => fileSha256(path), sum, this.damage) !== sum)
        this.problem(path, 'is not as it was written: its checksum differs');
    }
  }

  /** The data set of a run must still be the one it was trained on, where it is here at all. */
  dataset(path: string, name: RunConfig['dataset'], wanted: string): void {
    let sum = this.datasets.get(name);
    if (sum === undefined) {
      try {
        sum = loadDataset(name, { trainImages: 1, testImages: 1 }).checksum;
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        this.found.remarks.push(`data set ${name} was not compared: ${error.message}`);
        sum = null;
      }
      this.datasets.set(name, sum);
    }
    if (sum !== null && sum !== wanted)
      this.problem(path, `was trained on another ${name} than the one here`);
  }
}

function verifyRun(
  check: Check,
  files: RunLayout,
  run: string,
  planned: RunConfig | null,
  results: Results | null,
  weights: boolean,
): void {
  const stored = readOrElse(
    files.config,
    () => readStoredRun(files),
    null,
    (_, error) => check.damage(error.message.startsWith(files.status) ? files.status : files.config, error),
  );
  if (stored === null && existsSync(files.config)) return;
  if (stored === null) {
    check.found.remarks.push(`${run} is not there yet`);
    return;
  }
  const { config, status } = stored;
  if (planned !== null && runIdentity(planned) !== runIdentity(config)) {
    check.problem(files.config, 'is not the run that experiment.yaml has under this name');
  }
  if (status?.state !== 'done') {
    check.found.remarks.push(
      `${run} is not finished (${status?.state ?? 'no status'}): its files were not compared`,
    );
    return;
  }
  const pruned = !weights || config.snapshots.keep !== 'all';
  check.checksums(
    files.dir,
    true,
    (name) => (pruned && name.startsWith('snapshots')) || (!weights && name.startsWith('checkpoint')),
  );
  const provenance = readOrElse(files.provenance, () => readProvenance(files), null, check.damage);
  if (provenance === null) {
    if (!existsSync(files.provenance)) check.problem(files.provenance, 'is missing');
  } else check.dataset(files.provenance, config.dataset, provenance.dataset_sha256);

  const epochs = readOrElse(files.metrics, () => readMetrics(files, null), [], check.damage).map(
    ({ epoch }) => epoch,
  );
  const wanted = Array.from({ length: status.epoch + 1 }, (_, epoch) => epoch);
  if (!check.damaged.has(files.metrics) && epochs.join() !== wanted.join()) {
    check.problem(
      files.metrics,
      `must have the epochs 0 to ${status.epoch}, got ${epochs.join(', ') || 'none'}`,
    );
  }
  const taken = wanted.filter((epoch) => epoch % config.snapshots.every === 0 || epoch === status.epoch);
  for (const epoch of pruned ? [] : taken) {
    if (!existsSync(files.snapshot(epoch))) check.problem(files.snapshot(epoch), 'is missing');
  }
  if (results !== null && !check.damaged.has(resultsLayout(results.dir).spectra))
    verifySpectra(check, run, config, taken, results);
}

function verifySpectra(
  check: Check,
  run: string,
  config: RunConfig,
  epochs: readonly number[],
  results: Results,
): void {
  const layout = resultsLayout(results.dir);
  const rows = results.spectra.filter((row) => row.run === run);
  for (const layer of snapshotLayers(config)) {
    for (const epoch of epochs) {
      const row = rows.find((candidate) => candidate.epoch === epoch && candidate.layer === layer);
      if (row === undefined) {
        check.problem(layout.spectra, `must have a row for ${run}, epoch ${epoch}, layer ${layer}, got none`);
      } else {
        verifyEigenvalues(check, layout.esd(run), row, results.esd(run, epoch, layer));
      }
    }
  }
}

function verifyEigenvalues(check: Check, path: string, row: SpectrumRow, evals: Float64Array | null): void {
  const subject = `epoch ${row.epoch}, layer ${row.layer}`;
  if (check.damaged.has(path)) return;
  if (evals === null) check.problem(path, `must have the eigenvalues of ${subject}, got none`);
  else if (evals.length !== row.num_evals || evals.at(-1) !== row.lambda_max) {
    check.problem(
      path,
      `must have ${row.num_evals} eigenvalues up to ${row.lambda_max} for ${subject} as spectra.csv says, ` +
        `got ${evals.length} up to ${evals.at(-1)}`,
    );
  }
}
