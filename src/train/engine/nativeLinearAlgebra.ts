import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Interrupted } from '../../base/interrupted.ts';
import { UserError } from '../../base/userError.ts';
import type { LinearAlgebra, Matrix } from '../../spectra/linalg/linearAlgebra.ts';
import { engineParts } from './enginePaths.ts';
import { locateEngine } from './locateEngine.ts';

type MatrixArguments = readonly [W: Float32Array | Float64Array, rows: number, cols: number];

/** engine/linalg/addon.cc. */
interface LinalgModule {
  eigenvaluesOfEach(matrices: readonly MatrixArguments[], threads: number): Float64Array[];
  eigenvectors(matrix: MatrixArguments, threads: number): [Float64Array, Float64Array];
  /** Those of EntrySums of each matrix, one after the other. */
  entrySums(matrices: readonly Matrix['W'][], limit: number, threads: number): Float64Array;
  sizesAbove(matrices: readonly Matrix['W'][], limit: number, threads: number): Float64Array;
}

/**
 * Returns the float64 eigenvalue solver compiled with the engine (engine/linalg), which does not need TensorFlow, or null where there is
 * no engine or it came ready-made without one. `threads` share the work; eigenvalues are the same to the bit for any number. Throws
 * UserError when it cannot be loaded. Its functions throw Interrupted soon after a signal that somebody listens to.
 */
export function nativeLinearAlgebra(threads = availableParallelism()): LinearAlgebra | null {
  const engine = locateEngine();
  if (engine === null) return null;
  const path = join(engine.folder, engineParts.linalg);
  if (!existsSync(path)) return null;
  const solver = load(path);
  const values = (matrices: readonly Matrix[]): Float64Array[] =>
    interruptible(() =>
      solver.eigenvaluesOfEach(
        matrices.map(({ W, rows, cols }) => [W, rows, cols]),
        threads,
      ),
    );
  return {
    name: 'native',
    lanes: threads,
    eigenvalues: (W, rows, cols) => values([{ W, rows, cols }])[0]!,
    eigenvaluesOfEach: values,
    eigenvectors(W, rows, cols) {
      const [eigenvalues, vectors] = interruptible(() => solver.eigenvectors([W, rows, cols], threads));
      return { eigenvalues, vectors };
    },
    entrySums(matrices, limit) {
      const values = interruptible(() => solver.entrySums(matrices, limit, threads));
      return matrices.map((_, i) => {
        const [nonZero, above, below, fourthPowers, largestSquare] = values.subarray(5 * i, 5 * i + 5);
        return {
          nonZero: nonZero!,
          above: above!,
          below: below!,
          fourthPowers: fourthPowers!,
          largestSquare: largestSquare!,
        };
      });
    },
    sizesAbove: (matrices, limit) => interruptible(() => solver.sizesAbove(matrices, limit, threads)),
  };
}

/** The solver watches for SIGINT and SIGTERM itself where somebody listens to them: JavaScript would hear of them when it is done. */
function interruptible<T>(solve: () => T): T {
  try {
    return solve();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw code === 'SIGINT' || code === 'SIGTERM' ? new Interrupted(code) : error;
  }
}

function load(path: string): LinalgModule {
  try {
    return createRequire(import.meta.url)(path);
  } catch (error) {
    throw new UserError(
      `the eigenvalue solver of the engine must load, got: ${(error as Error).message}`,
      'phasewatch engine install --force',
    );
  }
}
