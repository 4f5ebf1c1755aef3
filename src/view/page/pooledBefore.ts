import { createHash } from 'node:crypto';
import { type EnsembleMember, ensembleSpectrum } from '../../spectra/phases/ensembleSpectrum.ts';
import type { PoolSpectra } from '../figures/ensembles.ts';

/** Pooled spectra of the last page: a spectrum of an epoch that has ended does not change, and to pool ten takes some 70 ms. */
export class PooledBefore {
  private before = new Map<string, ReturnType<PoolSpectra>>();

  /** Returns what `read` makes with a pooling that does the work for new members alone; what it does not ask for again is let go. */
  during<T>(read: (pool: PoolSpectra) => T): T {
    const now = new Map<string, ReturnType<PoolSpectra>>();
    const made = read((members) => {
      const key = contentOf(members);
      const pooled = now.get(key) ?? this.before.get(key) ?? ensembleSpectrum(members);
      now.set(key, pooled);
      return pooled;
    });
    this.before = now;
    return made;
  }
}

/** All that a pooled spectrum is made of. */
function contentOf(members: readonly EnsembleMember[]): string {
  const hash = createHash('sha256');
  for (const { row, evals, initialSigma } of members) {
    hash.update(JSON.stringify([row, initialSigma, evals.length]));
    hash.update(new Uint8Array(evals.buffer, evals.byteOffset, evals.byteLength));
  }
  return hash.digest('base64');
}
