import type { LinearAlgebra } from '../../spectra/linalg/linearAlgebra.ts';
import { typescriptLinearAlgebra } from '../../spectra/linalg/typescriptLinearAlgebra.ts';
import { engineInfo } from './engineInfo.ts';
import { nativeLinearAlgebra } from './nativeLinearAlgebra.ts';

/** Returns linear algebra compiled with the engine on `threads` threads (default: all cores), or, slower, in TypeScript where there is none. */
export function availableLinearAlgebra(threads?: number): LinearAlgebra {
  return nativeLinearAlgebra(threads) ?? typescriptLinearAlgebra;
}

/** Returns why `algebra` is the slow solver, and what to do about it, for the user; null where it is the fast one. */
export function slowSolverRemark(algebra: LinearAlgebra): string | null {
  if (algebra.name === 'native') return null;
  const { engine, reason } = engineInfo();
  const why = engine === null ? `no engine, ${reason}` : `the engine from ${engine.manifest.source} has none`;
  return `note: the solver in TypeScript is used, some ten times slower than the engine's (${why}). phasewatch engine install`;
}
