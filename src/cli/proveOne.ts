import type { CommandModule } from 'yargs';
import { UserError } from '../base/userError.ts';
import { doProofTask } from '../run/proof/doProofTask.ts';
import type { ProofAnswer, ProofTask } from '../run/proof/proofTask.ts';
import { whenParentGoes } from './parent.ts';

/** `prove-one`: does one task of `doctor --gpu-proof`, then ends. For that command's use. */
export const proveOneCommand: CommandModule = {
  handler: async () => {
    if (process.send === undefined) {
      throw new UserError(
        'prove-one must be started by phasewatch itself',
        'Use phasewatch doctor --gpu-proof.',
      );
    }
    whenParentGoes(() => process.exit());
    const task = await new Promise<ProofTask>((resolve) => process.once('message', resolve));
    let told: Promise<unknown> = Promise.resolve();
    const tell = (answer: ProofAnswer): void => {
      told = new Promise((resolve) => process.send!(answer, undefined, undefined, resolve));
    };
    // The engine's threads, and the parent's channel, would keep the process alive.
    try {
      doProofTask(task, tell);
      await told;
      process.exit(0);
    } catch (error) {
      setImmediate(() => process.exit());
      throw error;
    }
  },
};
