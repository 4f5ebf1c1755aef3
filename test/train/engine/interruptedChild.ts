// Solves eigenvalue problems until a signal ends it: in the middle of one, because in between JavaScript has no turn.

import { Interrupted } from '../../../src/base/interrupted.ts';
import { nativeLinearAlgebra } from '../../../src/train/engine/nativeLinearAlgebra.ts';

process.on('SIGINT', (signal) => {
  console.log(`listener: ${signal}`);
});
const native = nativeLinearAlgebra()!;
const side = 1000;
const W = new Float64Array(side * side).map((_, at) => Math.sin(at * at));
console.log('solving');
try {
  for (;;) native.eigenvalues(W, side, side);
} catch (error) {
  if (!(error instanceof Interrupted)) throw error;
  console.log(String(error));
  process.exitCode = error.exitCode;
}
// The listener hears of the signal when JavaScript has its turn.
await new Promise((resolve) => setTimeout(resolve, 100));
process.exit();
