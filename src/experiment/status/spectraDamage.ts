import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { openSafetensors } from '../../base/safetensors/safetensors.ts';
import { readSpectraCsv } from '../results/csvFiles.ts';
import { type OnDamage, readOrElse } from '../results/damage.ts';
import type { ResultsLayout } from '../results/layout.ts';

/** Tells `onDamage` of spectra.csv and of files of eigenvalues that cannot be read. Of the latter only the headers are looked at. */
export function findSpectraDamage(layout: ResultsLayout, onDamage: OnDamage): void {
  if (existsSync(layout.spectra)) {
    readOrElse(layout.spectra, () => readSpectraCsv(layout.spectra), [], onDamage);
  }
  if (!existsSync(layout.esdFolder)) return;
  for (const name of readdirSync(layout.esdFolder)) {
    if (!name.endsWith('.safetensors')) continue;
    const path = join(layout.esdFolder, name);
    readOrElse(path, () => openSafetensors(path).close(), undefined, onDamage);
  }
}
