import { describe, it } from 'vitest';
import { kerasCases } from './kerasCases.ts';
import { compareWithKeras } from './kerasParity.ts';

describe('50 steps give the weights and the test loss of Keras 3', () => {
  for (const name of ['lenet5', 'mlp3', 'miniAlexNet', 'miniAlexNetBatchNorm'] as const) {
    it.each(kerasCases(name))(`${name}, $name`, (run) => compareWithKeras(name, run, 50));
  }

  it.each(kerasCases('lenet5'))('lenet5 by Winograd, $name', (run) =>
    compareWithKeras('lenet5', run, 50, 'winograd'),
  );

  // Adam and Adadelta make as much of a gradient that is next to nothing, hence mostly rounding, as of a large one.
  const proportional = kerasCases('miniAlexNet').filter(({ optimizer }) =>
    ['sgd', 'momentum', 'nesterov'].includes(optimizer.type),
  );
  it.each(proportional)('miniAlexNet by Winograd, $name', (run) =>
    compareWithKeras('miniAlexNet', run, 50, 'winograd'),
  );
});
