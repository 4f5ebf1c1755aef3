import { UserError } from '../../base/userError.ts';

const THREADS = ['TF_NUM_INTRAOP_THREADS', 'TF_NUM_INTEROP_THREADS'];
const MOST_THREADS = 1024;
const XLA_FLAG =
  /^--tf_xla_(auto_jit=(-1|0|1|2)|(min|max)_cluster_size=\d{1,9}|(cpu_global_jit|clustering_debug|enable_lazy_compilation)(=(true|false))?)$/;

/** Throws UserError for variables of TensorFlow at which it ends the process without a word, and for thread counts that are none. */
export function checkTensorFlowVariables(env: NodeJS.ProcessEnv): void {
  for (const name of THREADS) {
    const value = env[name];
    if (value === undefined || value === '') continue;
    if (!/^\d{1,4}$/.test(value) || Number(value) > MOST_THREADS) {
      throw new UserError(
        `${name} must be a whole number of at most ${MOST_THREADS}, got ${value}`,
        `unset ${name}`,
      );
    }
  }
  const flags = (env.TF_XLA_FLAGS ?? '').split(/\s+/).filter((flag) => flag !== '');
  const wrong = flags.find((flag) => !XLA_FLAG.test(flag));
  if (wrong !== undefined) {
    throw new UserError(
      `TF_XLA_FLAGS must hold flags that TensorFlow knows, got ${wrong}`,
      'unset TF_XLA_FLAGS: TensorFlow ends the process at a flag that it does not know',
    );
  }
}
