import { expect, it } from 'vitest';
import { checkTensorFlowVariables } from '../../../src/train/engine/checkVariables.ts';

it.each([
  [{}],
  [{ TF_NUM_INTRAOP_THREADS: '2', TF_NUM_INTEROP_THREADS: '0' }],
  [{ TF_XLA_FLAGS: ' --tf_xla_auto_jit=2  --tf_xla_cpu_global_jit' }],
])('takes %j', (env) => expect(() => checkTensorFlowVariables(env)).not.toThrow());

it.each([
  [
    { TF_NUM_INTEROP_THREADS: '99999999999' },
    /^TF_NUM_INTEROP_THREADS must be a whole number of at most 1024, got 9/,
  ],
  [{ TF_NUM_INTRAOP_THREADS: 'abc' }, /^TF_NUM_INTRAOP_THREADS must be .* got abc$/],
  [{ TF_XLA_FLAGS: '--nonsense' }, /^TF_XLA_FLAGS must hold flags that TensorFlow knows, got --nonsense$/],
  [{ TF_XLA_FLAGS: '--tf_xla_auto_jit=nonsense' }, /got --tf_xla_auto_jit=nonsense$/],
])('refuses %j', (env, message) => expect(() => checkTensorFlowVariables(env)).toThrow(message));
