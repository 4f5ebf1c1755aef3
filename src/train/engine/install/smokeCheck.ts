import { UserError } from '../../../base/userError.ts';
import { engineParts } from '../enginePaths.ts';
import { runTool } from './runTool.ts';

const SCRIPT = `
const util = require('node:util');
util.isNullOrUndefined = (value) => value === null || value === undefined;
util.isArray = Array.isArray;
const tf = require('node:module').createRequire(process.argv[1] + '/package.json')('@tensorflow/tfjs-node-gpu');
const product = tf.matMul(tf.tensor2d([[1, 2], [3, 4]]), tf.tensor2d([[5, 6], [7, 8]])).dataSync();
const { binding } = tf.backend();
let operators = false;
try {
  require(process.argv[1] + '/${engineParts.ops}');
  operators = true;
} catch {}
console.log(JSON.stringify({
  tensorflow: binding.TF_Version, usesGpu: binding.isUsingGpuDevice(), product: [...product], operators,
}));`;

/** [[1, 2], [3, 4]] times [[5, 6], [7, 8]]. */
const PRODUCT = [19, 22, 43, 50];

/**
 * Returns what the engine in `folder` says of itself, and whether its fused operators can be loaded, after it has multiplied two
 * matrices in a process of its own.
 * Throws UserError when it does not load or multiplies wrongly.
 */
export async function smokeCheck(
  folder: string,
  signal?: AbortSignal,
): Promise<{ tensorflow: string; usesGpu: boolean; operators: boolean }> {
  const { code, stdout, stderr } = await runTool(
    process.execPath,
    ['--no-deprecation', '-e', SCRIPT, folder],
    {
      env: { TF_CPP_MIN_LOG_LEVEL: '2', TF_FORCE_GPU_ALLOW_GROWTH: 'true', NODE_OPTIONS: undefined },
      signal,
    },
  );
  const answer = code === 0 ? JSON.parse(stdout.trim().split('\n').at(-1)!) : null;
  if (answer !== null && JSON.stringify(answer.product) === JSON.stringify(PRODUCT)) return answer;
  const said =
    stderr.split('\n').find((line) => /error|cannot|undefined symbol/i.test(line)) ?? stderr.trim();
  throw new UserError(
    `the engine just built must load and multiply two matrices, got ${
      answer === null ? `exit code ${code}: ${said.trim()}` : `${answer.product} for ${PRODUCT}`
    }`,
    'phasewatch doctor shows what this machine has; `phasewatch engine install --lib DIR` takes another libtensorflow',
  );
}
