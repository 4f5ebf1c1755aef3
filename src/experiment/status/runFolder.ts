import { existsSync } from 'node:fs';
import { canonicalJson } from '../../base/canonicalJson.ts';
import { compareVersions } from '../../base/files/compareVersions.ts';
import { UPDATE_REMEDY } from '../../base/files/formatVersion.ts';
import { packageVersion } from '../../base/files/packageVersion.ts';
import { readJson } from '../../base/files/readFile.ts';
import { UserError } from '../../base/userError.ts';
import { completeRunConfig, type RunConfig, runConfigSchema } from '../config/schema.ts';
import type { ResultsLayout, RunLayout } from '../results/layout.ts';
import { trainedBy } from '../results/provenance.ts';
import { readMetrics } from '../results/readMetrics.ts';
import { type RunStatus, readStatus } from '../results/runStatus.ts';
import type { ExperimentRun } from '../sweep/loadExperiment.ts';
import { runIdentity, snapshotsServe } from '../sweep/runIdentity.ts';
import { addSnapshotLayers, layersLacking } from './snapshotLayers.ts';

/** What a run's folder holds already. */
export interface StoredRun {
  config: RunConfig;
  status: RunStatus | null;
}

/** What is left to do for a run. */
export type RunTask = 'train' | 'continue' | 'skip-done' | 'skip-failed';

/** Returns what the folder of a run holds, null when nothing. Throws UserError for files that are not a run's. */
export function readStoredRun(files: RunLayout): StoredRun | null {
  if (!existsSync(files.config)) return null;
  const parsed = runConfigSchema.safeParse(readJson(files.config));
  if (parsed.success) return { config: completeRunConfig(parsed.data), status: readStatus(files.status) };
  refuseNewerRun(files);
  const [issue] = parsed.error.issues;
  throw new UserError(
    `${files.config} must be the config of a run: ${[...issue!.path, issue!.message].join(' ')}`,
    `Remove ${files.dir}, or choose another folder with --out.`,
  );
}

/** Throws UserError for a run that a newer version of phasewatch has trained: what it means by its files is not known here. */
function refuseNewerRun(files: RunLayout): void {
  const version = trainedBy(files);
  const own = packageVersion();
  if (version === null || compareVersions(version, own) <= 0) return;
  throw new UserError(
    `${files.dir} must be of phasewatch ${own} or an older version, got one of ${version}, which is newer`,
    UPDATE_REMEDY,
  );
}

/**
 * Returns what is left to do for a run in a folder that may hold it already. A run of more epochs goes on where one of fewer ended:
 * what an epoch does follows from its number, not from how many are to come. Throws UserError when the folder holds a run with other
 * settings, naming them, or one that lacks the checkpoint to go on from: trained results are never overwritten.
 */
export function planRun(
  id: string,
  files: RunLayout,
  config: RunConfig,
  stored: StoredRun | null,
  retryFailed: boolean,
): RunTask {
  if (stored === null) return 'train';
  refuseNewerRun(files);
  const longer = stored.config.epochs > config.epochs;
  if (longer || checkpointIdentity(stored.config) !== checkpointIdentity(config)) {
    throw new UserError(
      `run ${id} in ${files.dir} must have the settings of the config, got ${differences(stored.config, config)}`,
      'choose another folder with --out, or train such runs anew with --replace',
    );
  }
  const { status } = stored;
  if (isFinished(status, config.epochs)) {
    const reason = snapshotsServe(stored.config.snapshots, config.snapshots)
      ? layersLacking(files, { stored: stored.config, epochs: status!.epoch }, config)
      : `must hold what the config asks for, got ${canonicalJson(stored.config.snapshots)} for ${canonicalJson(config.snapshots)}`;
    if (reason === null) return 'skip-done';
    throw new UserError(
      `snapshots of the finished run ${id} in ${files.dir} ${reason}`,
      'choose another folder with --out, or train such runs anew with --replace; with snapshots.network: true layers can be added later',
    );
  }
  if (status?.state === 'failed' && !retryFailed) return 'skip-failed';
  const epoch = status?.epoch ?? readMetrics(files, null).at(-1)?.epoch ?? 0;
  if (epoch > 0 && !existsSync(files.checkpoint)) {
    throw new UserError(
      `run ${id} in ${files.dir} must have its checkpoint to go on after epoch ${epoch}, got none`,
      'choose another folder with --out, or train such runs anew with --replace',
    );
  }
  return 'continue';
}

/** Brings the snapshots of a run that `planRun` would skip as done to the layers of the config, and returns those that were added. */
export function addLayers(files: RunLayout, config: RunConfig): string[] {
  const stored = readStoredRun(files);
  if (stored === null || !isFinished(stored.status, config.epochs)) return [];
  return addSnapshotLayers(files, { stored: stored.config, epochs: stored.status!.epoch }, config);
}

/** Returns whether a run has come to its end: all the epochs that are asked for, or as many as early stopping leaves it. */
export function isFinished(status: RunStatus | null, epochs: number): boolean {
  return status?.state === 'done' && (status.stopped_early || status.epoch >= epochs);
}

/**
 * Returns how many of a run's epochs its folder holds: all where early stopping ended it, those of the last checkpoint where it is
 * not finished.
 */
export function trainedEpochs(layout: ResultsLayout, { id, config: { epochs } }: ExperimentRun): number {
  const status = readStoredRun(layout.run(id))?.status ?? null;
  return isFinished(status, epochs) ? epochs : Math.min(status?.epoch ?? 0, epochs);
}

/** Returns the identity that a checkpoint is held to: that of the run, however many epochs it is to have. */
export function checkpointIdentity(config: RunConfig): string {
  const { schedule } = config;
  // Where a cosine ends is part of what an epoch does.
  const fixed =
    schedule?.type === 'cosine' ? { ...schedule, epochs: schedule.epochs ?? config.epochs } : schedule;
  return runIdentity({ ...config, schedule: fixed, epochs: 0 });
}

/** Returns each key that differs, dotted where only part of a map does, with both values. */
function differences(stored: RunConfig, wanted: RunConfig): string {
  const compare = (a: unknown, b: unknown, key: string): string[] => {
    if (canonicalJson(a ?? null) === canonicalJson(b ?? null)) return [];
    if (!isMap(a) || !isMap(b)) {
      return [`${key} ${canonicalJson(a ?? null)} where the config has ${canonicalJson(b ?? null)}`];
    }
    const inner = new Set([...Object.keys(a), ...Object.keys(b)]);
    return [...inner].flatMap((name) => compare(a[name], b[name], key === '' ? name : `${key}.${name}`));
  };
  const { snapshots: _, ...storedRest } = stored;
  const { snapshots: __, ...wantedRest } = wanted;
  return compare(storedRest, wantedRest, '').join(', ');
}

function isMap(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

/** Returns why a run cannot be trained in its folder because of what that holds already, null where it can. */
export function runConflict(id: string, files: RunLayout, config: RunConfig): string | null {
  try {
    planRun(id, files, config, readStoredRun(files), false);
    return null;
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
}
