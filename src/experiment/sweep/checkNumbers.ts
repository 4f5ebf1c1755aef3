import type { KeyPath } from '../config/configNode.ts';
import type { RunConfig } from '../config/schema.ts';

/** TensorFlow takes smaller numbers for 0. */
const SMALLEST = 2 ** -126;

/** Reports the numbers of a run that training cannot use as they are: its arithmetic is float32, which has no 1e-50 and no 1e39. */
export function checkNumbers(config: RunConfig, report: (path: KeyPath, message: string) => void): void {
  const { network, optimizer, l2, dropout, schedule } = config;
  const scales: [KeyPath, number][] = [
    [['learningRate'], config.learningRate],
    [['optimizer', 'epsilon'], optimizer.epsilon],
    [['l2', 'coefficient'], l2?.coefficient ?? 0],
    [['learningRateDecay'], config.learningRateDecay],
    [['schedule', 'factor'], schedule?.factor ?? 0],
    [['schedule', 'final'], schedule?.final ?? 0],
    [['clipNorm'], config.clipNorm ?? 0],
    [['labelSmoothing'], config.labelSmoothing],
    [['optimizer', 'weightDecay'], optimizer.weightDecay],
    [['network', 'bias'], typeof network === 'string' ? 0 : network.bias],
    [['network', 'scale'], typeof network === 'string' ? 0 : network.scale],
  ];
  for (const [path, value] of scales) {
    const rounded = Math.abs(Math.fround(value));
    if (value !== 0 && !(rounded >= SMALLEST && rounded < Number.POSITIVE_INFINITY)) {
      const became = rounded < SMALLEST ? 'rounds to 0' : 'rounds to infinity';
      report(
        path,
        `${path.join('.')} must be a number that float32 holds (1.2e-38 to 3.4e38), got ${value}, which ${became}`,
      );
    }
  }
  const shares: [KeyPath, number][] = [
    ...(['momentum', 'rho', 'beta1', 'beta2'] as const).map((key): [KeyPath, number] => [
      ['optimizer', key],
      optimizer[key],
    ]),
    [['dropout', 'rate'], dropout?.rate ?? 0],
    [['labelSmoothing'], config.labelSmoothing],
  ];
  for (const [path, value] of shares) {
    if (Math.fround(value) === 1)
      report(path, `${path.join('.')} must be below 1 in float32 too, got ${value}`);
  }
}
