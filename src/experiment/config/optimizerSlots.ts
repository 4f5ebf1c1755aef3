import type { OptimizerConfig } from './schema.ts';

/** Names of the slot variables an optimizer keeps for each trained parameter; all start at zero. */
export function optimizerSlots(optimizer: OptimizerConfig): readonly string[] {
  switch (optimizer.type) {
    case 'sgd':
      return [];
    case 'momentum':
    case 'nesterov':
      return ['momentum'];
    case 'adadelta':
      return ['accumulated_gradient', 'accumulated_update'];
    case 'adam':
      return ['m', 'v'];
  }
}
