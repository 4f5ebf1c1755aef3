import { describe, it } from 'vitest';
import { kerasCases } from './kerasCases.ts';
import { compareWithKeras, type KerasNetwork } from './kerasParity.ts';

/** Every network, optimizer, loss and the penalty at least once; kerasParity.long.ts has all of them at 50 steps. */
const chosen: Record<KerasNetwork, readonly string[]> = {
  lenet5: ['adadelta-crossEntropy', 'sgd-mse', 'nesterov-crossEntropy', 'adam-mse'],
  mlp3: ['momentum-mse', 'adam-crossEntropy', 'adadelta-mse'],
  miniAlexNet: ['momentum-mse-l2', 'nesterov-mse'],
  miniAlexNetBatchNorm: ['momentum-mse', 'sgd-crossEntropy'],
};

describe('10 steps give the weights of Keras 3', () => {
  for (const [name, cases] of Object.entries(chosen) as [KerasNetwork, readonly string[]][]) {
    it.each(kerasCases(name).filter((run) => cases.includes(run.name)))(`${name}, $name`, (run) =>
      compareWithKeras(name, run, 10),
    );
  }

  it('miniAlexNet by Winograd', () => {
    const run = kerasCases('miniAlexNet').find(({ name }) => name === 'momentum-mse')!;
    compareWithKeras('miniAlexNet', run, 10, 'winograd');
  });
});
