import type { Options } from 'yargs';
import { UserError } from '../base/userError.ts';

/**
 * Returns a `coerce` of yargs that lets only whole numbers of at least `least` through. Leave the option's `type` out: yargs would
 * make NaN of anything else before the error could quote it.
 */
export function wholeNumber(name: string, least = 1): (value: unknown) => unknown {
  return (value) => {
    if (value !== undefined && !(Number.isInteger(value) && (value as number) >= least)) {
      throw new UserError(`${name} must be a whole number of at least ${least}, got ${value}`);
    }
    return value;
  };
}

/** Returns yargs' coercion to a number above 0 and at most 1. */
export function share(name: string): (value: unknown) => number | undefined {
  return (value) => {
    if (value === undefined || (typeof value === 'number' && value > 0 && value <= 1)) return value;
    throw new UserError(`${name} must be a number above 0 and at most 1, got ${value}`);
  };
}

/** `--device`. */
export const deviceOption = {
  type: 'string',
  requiresArg: true,
  describe: 'cpu or gpu:N',
  coerce: (value: unknown) => {
    if (value !== undefined && !/^(cpu|gpu:\d+)$/.test(String(value))) {
      throw new UserError(`--device must be cpu or gpu:N, got ${value}`);
    }
    return value;
  },
} as const satisfies Options;
