import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { MeasuringChild } from '../../bench/measuringChild.ts';
import { peerScript } from '../../bench/peerEnvironment.ts';

const serve = fileURLToPath(new URL('../../bench/measurement.ts', import.meta.url));

const nodeChild = (script: string): MeasuringChild<{ name: string }> =>
  new MeasuringChild({
    name: 'stand-in',
    command: process.execPath,
    args: ['--import', 'tsx', '--input-type=module', '-e', script],
  });

const pythonChild = (script: string): MeasuringChild<{ name: string }> =>
  new MeasuringChild({
    name: 'python stand-in',
    command: 'python3',
    args: ['-c', script],
    env: { PYTHONPATH: peerScript(''), PYTHONDONTWRITEBYTECODE: '1' },
  });

describe('a measuring child', () => {
  it('says what it is and answers every request', async () => {
    const child = nodeChild(`
      import { serveMeasurements } from ${JSON.stringify(serve)};
      await serveMeasurements({ name: 'counter' }, () => { for (let i = 0; i < 1e4; i++); return 3; });
    `);
    expect(await child.ready()).toEqual({ name: 'counter' });
    for (const seconds of [0.01, 0.05]) {
      const { units, wall_s, cpu_s, peak_rss_mib, circumstances } = await child.measure(seconds);
      expect(wall_s).toBeGreaterThanOrEqual(seconds);
      expect(units % 3).toBe(0);
      expect(units).toBeGreaterThan(0);
      expect(cpu_s).toBeGreaterThan(0);
      expect(peak_rss_mib).toBeGreaterThan(1);
      expect(circumstances.cpu_over_wall).toBe(cpu_s / wall_s);
      if (process.platform === 'linux') expect(circumstances.reason).toBeNull();
    }
    child.close();
  });

  it('is served by Python too, whatever libraries print', async () => {
    const child = pythonChild(`
import measure
def work(seconds):
    print("noise")
    return 7
measure.serve(dict(name="python"), work)
`);
    expect(await child.ready()).toEqual({ name: 'python' });
    expect(await child.measure(0.01)).toMatchObject({ units: 7 });
    expect((await child.measure(0.01)).wall_s).toBeGreaterThan(0);
    child.close();
  });

  it('that ends before its answer is named with its last words', async () => {
    const dying = nodeChild(`console.error('out of luck'); process.exit(3)`);
    await expect(dying.ready()).rejects.toThrow(/stand-in must measure, but ended: out of luck/);
  });

  it('that cannot be started is named', async () => {
    const missing = new MeasuringChild({ name: 'nobody', command: 'no-such-program-here', args: [] });
    await expect(missing.ready()).rejects.toThrow(/nobody must measure, but ended: .*ENOENT/);
  });
});
