import { compareVersions } from '../../base/files/compareVersions.ts';
import { median } from '../../base/quantile.ts';
import { NETWORK_NAMES } from '../../experiment/config/networkSchema.ts';
import { type Answered, type AskOptions, askProcess } from './askProcess.ts';
import { EXPECTED } from './products.ts';
import type { ProofCheck } from './proof.ts';
import { type ProofAnswer, type ProofTask, WAYS, type Way } from './proofTask.ts';
import { relativeChangeError } from './relativeChangeError.ts';

/** What every part of a proof needs. */
export interface Proving extends AskOptions {
  /** `cpu` or `gpu:N`. */
  device: string;
}

/**
 * By how much a step may differ from the CPU's: TensorFloat-32 is off by 1e-3, float32 by some 1e-6, and Winograd's transforms amplify
 * either: on a CPU by up to 3.5e-4 before batch norm.
 */
const STEP_TOLERANCE: Readonly<Record<Way, number>> = { plain: 1e-4, winograd: 1e-3, xla: 1e-4 };
/** Relative; rounding to TensorFloat-32 gives 2.4e-4. */
const PRODUCT_TOLERANCE = 1e-5;
/** The least compute capability that has TensorFloat-32. */
const TENSOR_FLOAT_32_COMPUTE = '8.0';
/**
 * Few images, and of three trials the middle one: where rounding makes another pixel the maximum of a pool, or a ReLU another one, a
 * gradient differs by a thousandth, and that is no fault.
 */
const ONE_STEP = { batch: 4, steps: 1, trials: 3 } as const;
/** More than are unrolled, so that the loop of a GPU's calls takes part. */
const REPEATED = { batch: 16, steps: 40, trials: 1 } as const;

type Products = Extract<ProofAnswer, { type: 'products' }>;
type Trained = Extract<ProofAnswer, { type: 'trained' }>;

/** Shows that float32 products are taken in float32, and, where the GPU has TensorFloat-32, that they would differ with it. */
export async function proveProducts(proving: Proving, compute: string | null): Promise<ProofCheck> {
  const [off, on] = [await askProducts(proving, false), await askProducts(proving, true)];
  const name = 'float32 is float32';
  if ('failure' in off) return { name, holds: false, found: off.failure, figures: {} };
  const exact = (products: Products): boolean =>
    (['matrix', 'convolution'] as const).every((kind) => isNear(products[kind], EXPECTED[kind].float32));
  const hasIt = compute !== null && compareVersions(compute, TENSOR_FLOAT_32_COMPUTE) >= 0;
  const differs = !('failure' in on) && !exact(on);
  const shown = differs
    ? 'with precision tf32 they differ'
    : hasIt
      ? 'but with precision tf32 they are the same: nothing is shown'
      : 'this device has no TensorFloat-32 to tell apart';
  return {
    name,
    holds: exact(off) && (differs || !hasIt),
    found: `a product gives ${off.matrix}, a convolution ${off.convolution}; ${shown}`,
    figures: {
      matrix: off.matrix,
      matrix_expected: EXPECTED.matrix.float32,
      convolution: off.convolution,
      convolution_expected: EXPECTED.convolution.float32,
      matrix_tf32: 'failure' in on ? null : on.matrix,
      convolution_tf32: 'failure' in on ? null : on.convolution,
    },
  };
}

async function askProducts(
  proving: Proving,
  tensorFloat32: boolean,
): Promise<Products | { failure: string }> {
  const answered = await askProcess(
    { device: proving.device, tensorFloat32, work: { type: 'products' } },
    proving,
  );
  const products = answered.answers.find((answer): answer is Products => answer.type === 'products');
  return products ?? { failure: answered.failure ?? 'no answer' };
}

const isNear = (value: number, expected: number): boolean =>
  Math.abs(value - expected) <= PRODUCT_TOLERANCE * expected;

/** Holds one step of each network, computed in each way, to the CPU's plain one. */
export async function proveSteps(proving: Proving): Promise<ProofCheck[]> {
  const reference = await askTraining(proving, { device: 'cpu', way: 'plain', ...ONE_STEP });
  const checks: ProofCheck[] = [];
  for (const way of Object.keys(WAYS) as Way[]) {
    const answered = await askTraining(proving, { device: proving.device, way, ...ONE_STEP });
    const errors = NETWORK_NAMES.map((network) => {
      const [own, cpu] = [trainedOf(answered, network), trainedOf(reference, network)];
      if (own === undefined || cpu === undefined) return null;
      const trials = own.after.map((after, i) => relativeChangeError(own.before, after, cpu.after[i]!));
      return median(trials.sort((a, b) => a - b));
    });
    const failure = reference.failure ?? answered.failure;
    const words = NETWORK_NAMES.map((network, i) => `${network} ${exponent(errors[i]!)}`);
    checks.push({
      name: `a step as on the CPU, ${way}`,
      holds: failure === null && errors.every((error) => error !== null && error <= STEP_TOLERANCE[way]),
      found:
        failure ??
        `change of the weights off by ${words.join(', ')} (at most ${exponent(STEP_TOLERANCE[way])})`,
      figures: Object.fromEntries(NETWORK_NAMES.map((network, i) => [network, errors[i]!])),
    });
  }
  return checks;
}

/** Trains every network twice with deterministic operators and holds the weights to be the same bytes. */
export async function proveRepetition(proving: Proving): Promise<ProofCheck> {
  const env = { ...proving.env, TF_DETERMINISTIC_OPS: '1' };
  const task = { device: proving.device, way: 'plain', ...REPEATED } as const;
  const first = await askTraining({ ...proving, env }, task);
  const second = await askTraining({ ...proving, env }, task);
  const same = NETWORK_NAMES.map((network) => {
    const [one, other] = [trainedOf(first, network), trainedOf(second, network)];
    return (
      one !== undefined &&
      other !== undefined &&
      [...one.after[0]!].every(([name, values]) => sameBytes(values, other.after[0]!.get(name)!))
    );
  });
  const failure = first.failure ?? second.failure;
  const different = NETWORK_NAMES.filter((_, i) => !same[i]);
  return {
    name: 'the same bytes twice',
    holds: failure === null && different.length === 0,
    found:
      failure ??
      (different.length === 0
        ? `${REPEATED.steps} steps of ${NETWORK_NAMES.join(', ')}: every weight`
        : `other bytes: ${different.join(', ')}`),
    figures: Object.fromEntries(NETWORK_NAMES.map((network, i) => [network, same[i]!])),
  };
}

function askTraining(
  proving: Proving,
  { device, way, ...rest }: { device: string; way: Way; batch: number; steps: number; trials: number },
): Promise<Answered> {
  const task: ProofTask = {
    device,
    tensorFloat32: false,
    work: { type: 'train', networks: NETWORK_NAMES, way, ...rest },
  };
  return askProcess(task, proving);
}

const trainedOf = ({ answers }: Answered, network: string): Trained | undefined =>
  answers.find((answer): answer is Trained => answer.type === 'trained' && answer.network === network);

const sameBytes = (a: Float32Array, b: Float32Array): boolean =>
  Buffer.from(a.buffer, a.byteOffset, a.byteLength).equals(Buffer.from(b.buffer, b.byteOffset, b.byteLength));

const exponent = (value: number | null): string => (value === null ? 'not done' : value.toExponential(1));
