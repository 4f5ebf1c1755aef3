import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { OUT_OF_TIME } from '../../../src/run/proof/askProcess.ts';
import { proveRepetition } from '../../../src/run/proof/numericChecks.ts';
import { proveSpeeds } from '../../../src/run/proof/proveSpeeds.ts';
import { proveSweep } from '../../../src/run/proof/proveSweep.ts';

const SECOND = 1000;
const proving = (milliseconds: number) => ({
  device: 'gpu:0',
  program: fileURLToPath(new URL('./fakeDevice.mjs', import.meta.url)),
  env: { FAULT: 'hangs' },
  late: AbortSignal.timeout(milliseconds),
  signal: new AbortController().signal,
});

it('a device that hangs has failed when the time is over', async () => {
  expect(await proveRepetition(proving(SECOND))).toMatchObject({ holds: false, found: OUT_OF_TIME });
});

it('a sweep that has no time left has failed', async () => {
  expect(await proveSweep(proving(0))).toMatchObject({ holds: false, found: OUT_OF_TIME });
});

it('speeds that were measured before the end stay, the others say why not', async () => {
  // nothing else is begun once the first network hangs
  const until = Date.now() + SECOND;
  const speeds = await proveSpeeds(proving(3 * SECOND), until, () => {});
  const [first, ...others] = speeds;
  expect(first).toMatchObject({ network: 'mlp3', batch: 2, way: 'plain', images_per_second: 100 });
  expect(speeds).toHaveLength(4 * (4 + 3 + 3));
  expect(others.filter(({ way }) => way === 'PyTorch').map(({ reason }) => reason)).toEqual(
    new Array(12).fill(OUT_OF_TIME),
  );
  expect(others.slice(0, 3).map(({ reason }) => reason)).toEqual(new Array(3).fill(OUT_OF_TIME));
});
