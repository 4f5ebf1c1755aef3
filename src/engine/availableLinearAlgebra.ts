import type { LinearAlgebra } from '../linalg/linearAlgebra.ts';
import { typescriptLinearAlgebra } from '../linalg/typescriptLinearAlgebra.ts';
import { type LoadOptions, loadEngine } from './loadEngine.ts';
import { locateEngine } from './locateEngine.ts';
import { nativeLinearAlgebra } from './nativeLinearAlgebra.ts';

/** Returns linear algebra on the native engine, or, slower, in TypeScript where none is installed. */
export function availableLinearAlgebra(options: LoadOptions = {}): LinearAlgebra {
  return locateEngine() === null ? typescriptLinearAlgebra : nativeLinearAlgebra(loadEngine(options).binding);
}
