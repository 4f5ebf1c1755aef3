import { askProcess, OUT_OF_TIME } from './askProcess.ts';
import type { Proving } from './numericChecks.ts';
import type { ProofSpeed } from './proof.ts';
import type { NetworkName, Way } from './proofTask.ts';
import { torchSpeed } from './torchSpeed.ts';

const BATCHES = [2, 16, 128, 500];
const TORCH_SECONDS = 1.5;

/**
 * What is measured, with the fewest nodes first: XLA takes minutes over the last. Multilayer perceptrons have no convolution that
 * Winograd's algorithm could compute.
 */
const NETWORKS: readonly { network: NetworkName; ways: readonly Way[] }[] = [
  { network: 'mlp3', ways: ['plain'] },
  { network: 'lenet5', ways: ['plain'] },
  { network: 'miniAlexNet', ways: ['plain', 'winograd'] },
];

/**
 * Measures images a second on the device: TensorFlow's operators, Winograd where a network has such convolutions, PyTorch where
 * python3 has it, and last, because its compiler takes longest, XLA. What would begin after `until` (ms since 1970), or is not done
 * when it is too late, has that for its reason.
 */
export async function proveSpeeds(
  proving: Proving,
  until: number,
  onSpeed: (speed: ProofSpeed) => void,
): Promise<ProofSpeed[]> {
  const speeds: ProofSpeed[] = [];
  const add = (speed: ProofSpeed): void => {
    onSpeed(speed);
    speeds.push(speed);
  };
  for (const { network, ways } of NETWORKS) {
    for (const way of ways) await measureWay(proving, network, way, until, add);
    for (const batch of BATCHES) add(await measureTorch(proving, network, batch, until));
  }
  for (const { network } of NETWORKS) await measureWay(proving, network, 'xla', until, add);
  return speeds;
}

async function measureWay(
  proving: Proving,
  network: NetworkName,
  way: Way,
  until: number,
  add: (speed: ProofSpeed) => void,
): Promise<void> {
  const work = { type: 'speeds', network, way, batches: BATCHES, until } as const;
  const { answers, failure } =
    Date.now() < until
      ? await askProcess({ device: proving.device, tensorFloat32: false, work }, proving)
      : { answers: [], failure: OUT_OF_TIME };
  for (const batch of BATCHES) {
    const speed = answers.find((answer) => answer.type === 'speed' && answer.batch === batch);
    add(
      speed?.type === 'speed'
        ? {
            network,
            batch,
            way,
            images_per_second: speed.imagesPerSecond,
            preparing_s: speed.preparingSeconds,
            reason: null,
          }
        : { network, batch, way, images_per_second: null, preparing_s: null, reason: failure ?? OUT_OF_TIME },
    );
  }
}

async function measureTorch(
  { device, late, signal }: Proving,
  network: string,
  batch: number,
  until: number,
): Promise<ProofSpeed> {
  const speed =
    Date.now() < until
      ? await torchSpeed(network, batch, { device, seconds: TORCH_SECONDS, late, signal })
      : { reason: OUT_OF_TIME };
  const measured = 'reason' in speed ? null : speed;
  return {
    network,
    batch,
    way: 'PyTorch',
    images_per_second: measured?.imagesPerSecond ?? null,
    preparing_s: measured?.preparingSeconds ?? null,
    reason: 'reason' in speed ? speed.reason : null,
  };
}
