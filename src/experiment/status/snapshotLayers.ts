import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../../base/files/atomicWrite.ts';
import { CHECKSUMS_FILE } from '../../base/files/checksums.ts';
import { openSafetensors } from '../../base/safetensors/safetensors.ts';
import type { RunConfig } from '../config/schema.ts';
import type { RunLayout } from '../results/layout.ts';
import { writeRunChecksums } from '../results/resultsChecksums.ts';
import { writeSnapshot } from '../results/snapshot.ts';
import { networkOf } from '../sweep/checkRun.ts';

/** Returns the layers whose weights a run keeps in its snapshots. */
export function snapshotLayers(
  config: Pick<RunConfig, 'network' | 'dataset' | 'snapshots'>,
): readonly string[] {
  return config.snapshots.layers ?? networkOf(config).analyzedLayers;
}

/** Returns the layers that a config asks for and the snapshots of a stored run of the same identity do not have. */
function missingLayers(stored: RunConfig, wanted: RunConfig): string[] {
  const kept = snapshotLayers({ ...stored, dataset: wanted.dataset });
  return snapshotLayers(wanted).filter((layer) => !kept.includes(layer));
}

/**
 * Returns why the layers that a config asks for cannot be had of a finished run's snapshots, null where they are there or
 * `addSnapshotLayers` can add them.
 */
export function layersLacking(
  files: RunLayout,
  { stored, epochs }: { stored: RunConfig; epochs: number },
  wanted: RunConfig,
): string | null {
  const missing = missingLayers(stored, wanted);
  if (missing.length === 0) return null;
  const kept = snapshotLayers({ ...stored, dataset: wanted.dataset }).join(', ');
  const got = `must hold ${missing.join(', ')}, got ${kept === '' ? 'no layer' : kept}`;
  if (!stored.snapshots.network)
    return `${got}, and no other parameters were kept (snapshots.network was false)`;
  const gone = epochsOf(stored, epochs).filter(
    (epoch) => !existsSync(files.networkSnapshot(epoch)) || !existsSync(files.snapshot(epoch)),
  );
  if (gone.length === 0) return null;
  return `${got}, and the parameters of ${gone.length === 1 ? 'epoch' : 'epochs'} ${gone.join(' ')} are gone (snapshots.keep was ${stored.snapshots.keep})`;
}

/**
 * Adds the layers that a config asks for to the snapshots of a finished run, from the parameters kept beside them, and returns which.
 * The snapshots are those of a run trained with these layers, to the byte. Call it where `layersLacking` is null.
 */
export function addSnapshotLayers(
  files: RunLayout,
  { stored, epochs }: { stored: RunConfig; epochs: number },
  wanted: RunConfig,
): string[] {
  const missing = missingLayers(stored, wanted);
  if (missing.length === 0) return [];
  const asked = snapshotLayers(wanted);
  const kept = snapshotLayers({ ...stored, dataset: wanted.dataset });
  const layers = [...asked, ...kept.filter((layer) => !asked.includes(layer))];
  // No longer true from here on. The config goes last: until then the next call adds them again.
  rmSync(join(files.dir, CHECKSUMS_FILE), { force: true });
  for (const epoch of epochsOf(stored, epochs)) addToSnapshot(files, epoch, layers, stored.snapshots.dtype);
  const config: RunConfig = { ...stored, snapshots: { ...stored.snapshots, layers } };
  writeFileAtomic(files.config, `${JSON.stringify(config, null, 2)}\n`);
  writeRunChecksums(files);
  return missing;
}

function addToSnapshot(
  files: RunLayout,
  epoch: number,
  layers: readonly string[],
  dtype: RunConfig['snapshots']['dtype'],
): void {
  const network = openSafetensors(files.networkSnapshot(epoch));
  try {
    const kernels = layers.map((layer) => {
      const { shape, data } = network.read(`${layer}/kernel`);
      return { layer, shape, data: data as Float32Array };
    });
    writeSnapshot(files.snapshot(epoch), epoch, kernels, dtype);
  } finally {
    network.close();
  }
}

/** Epochs of which a run that ended after so many has snapshots. */
function epochsOf({ snapshots }: RunConfig, epochs: number): number[] {
  return Array.from({ length: epochs + 1 }, (_, epoch) => epoch).filter(
    (epoch) => epoch % snapshots.every === 0 || epoch === epochs,
  );
}
