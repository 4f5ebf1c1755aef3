import type { LinearAlgebra } from '../../spectra/linalg/linearAlgebra.ts';
import { typescriptLinearAlgebra } from '../../spectra/linalg/typescriptLinearAlgebra.ts';
import { nativeLinearAlgebra } from './nativeLinearAlgebra.ts';

/** Returns linear algebra compiled with the engine on `threads` threads (default: all cores), or, slower, in TypeScript where there is none. */
export function availableLinearAlgebra(threads?: number): LinearAlgebra {
  return nativeLinearAlgebra(threads) ?? typescriptLinearAlgebra;
}
