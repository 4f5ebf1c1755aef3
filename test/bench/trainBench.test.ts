import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const main = fileURLToPath(new URL('../../bench/main.ts', import.meta.url));
const bench = (...args: string[]) =>
  spawnSync(process.execPath, ['--import', 'tsx', main, ...args], { encoding: 'utf8' });

describe('npm run bench', () => {
  it('measures training on the engine and prints one JSON document', () => {
    const { status, stdout, stderr } = bench(
      'train',
      ...['--networks', 'mlp3', '--batch', '64', '--rounds', '1', '--seconds', '0.05', '--json'],
    );
    expect(stderr).toMatch(/mlp3, batch 64\n/);
    expect(status).toBe(0);
    const { cells, overhead, ratio, peak_gflops, machine } = JSON.parse(stdout);
    expect(cells).toHaveLength(1);
    for (const { phasewatch, gflops, peers } of cells) {
      expect(phasewatch.images_per_s).toBeGreaterThan(0);
      // 2 operations a weight and pass: two passes of the first layer, three of the others
      expect(gflops).toBeCloseTo((phasewatch.images_per_s * 2 * (2 * 2352 * 512 + 3 * 529_408)) / 1e9, 6);
      expect(peers).toEqual([]);
      expect(phasewatch.circumstances.cpu_over_wall).toBeCloseTo(
        phasewatch.images_per_s / phasewatch.images_per_cpu_s,
        6,
      );
      for (const key of ['cores_used', 'steal_cores', 'other_cores']) {
        expect(phasewatch.circumstances).toHaveProperty(key);
      }
    }
    expect(ratio).toBeNull();
    expect(peak_gflops).toBeGreaterThan(0);
    expect(machine.cores).toBeGreaterThan(0);
    for (const row of overhead) {
      const { shuffling_s, feeding_s, preparing_s, saving_s, steps_s, share } = row;
      expect(share).toBeCloseTo((shuffling_s + feeding_s + preparing_s + saving_s) / steps_s, 12);
      expect(Math.min(shuffling_s, feeding_s, preparing_s, saving_s)).toBeGreaterThan(0);
    }
  }, 120_000);

  it.each([
    [['training'], /unknown benchmark: training \(known: train, spectra, processes\)/],
    [['train', '--networks', 'resnet'], /unknown network: resnet \(known: lenet5, miniAlexNet, mlp3\)/],
    [['train', '--batch', '0'], /--batch must be a positive whole number, got 0/],
    [['train', '--seconds', 'x'], /--seconds must be a positive number, got x/],
    [['train', '--fast'], /Unknown option '--fast'/],
  ])('refuses %s', (args, message) => {
    const { status, stderr, stdout } = bench(...args);
    expect(stderr).toMatch(message);
    expect(status).toBe(2);
    expect(stdout).toBe('');
  });
});
