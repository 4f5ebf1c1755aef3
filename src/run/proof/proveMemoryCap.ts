import type { Gpu } from '../../train/engine/install/gpu.ts';
import { askProcess } from './askProcess.ts';
import type { Proving } from './numericChecks.ts';
import type { ProofCheck } from './proof.ts';

/** The part of the GPU that a process may take, a part that fits it and one that does not. */
const CAP = 0.3;
const FITTING = 0.1;
const TOO_LARGE = 0.4;

/** Shows that a process with a cap of GPU memory, as runs side by side have one, gets memory below it and none above. */
export async function proveMemoryCap(
  proving: Proving,
  gpu: Gpu & { memory_mib: number },
): Promise<ProofCheck> {
  const bytes = [FITTING, TOO_LARGE].map((part) => part * gpu.memory_mib * 2 ** 20);
  const work = { type: 'memory', part: CAP, bytes } as const;
  const { answers, failure } = await askProcess(
    { device: proving.device, tensorFloat32: false, work },
    proving,
  );
  const answer = answers.find(({ type }) => type === 'memory');
  const had = answer?.type === 'memory' ? answer.had : [];
  const words = [FITTING, TOO_LARGE].map(
    (part, i) => `${percent(part)} of the memory ${had[i] === true ? 'was' : 'was not'} to be had`,
  );
  return {
    name: 'a cap of GPU memory',
    holds: failure === null && had[0] === true && had[1] === false,
    found: failure ?? `with a cap of ${percent(CAP)}: ${words.join(', ')}`,
    figures: { cap: CAP, below: had[0] ?? null, above: had[1] ?? null },
  };
}

const percent = (part: number): string => `${Math.round(100 * part)} %`;
