// The whole of `doctor --gpu-proof`, with the CPU as the device: what can be shown of it without a GPU.
import { expect, it } from 'vitest';
import type { Proof } from '../../../src/run/proof/proof.ts';
import { phasewatch } from '../../cli/phasewatchProcess.ts';

it('holds on the CPU, and measures every network in every way', async () => {
  const { code, stdout, stderr } = await phasewatch(['doctor', '--gpu-proof', '--device', 'cpu', '--json']);
  const proof: Proof = JSON.parse(stdout);
  console.log(stderr);
  expect(proof.checks.filter(({ holds }) => !holds)).toEqual([]);
  expect(proof.checks).toHaveLength(7);
  const measured = proof.speeds.filter(({ images_per_second: speed }) => speed !== null);
  const unmeasured = proof.speeds.filter(({ images_per_second: speed }) => speed === null);
  expect(measured.length).toBeGreaterThan(0);
  for (const { reason } of unmeasured) expect(reason).not.toBe(null);
  expect(code).toBe(0);
});
