import { describe, expect, it } from 'vitest';
import { randomizeLabels } from '../../../src/experiment/data/randomLabels.ts';

const labels = Uint8Array.from({ length: 50_000 }, (_, i) => i % 10);
const changed = (randomized: Uint8Array): number =>
  randomized.reduce((n, x, i) => n + (x === labels[i] ? 0 : 1), 0);

describe('randomizeLabels', () => {
  it('changes nothing for share 0 and copies', () => {
    const same = randomizeLabels(labels, 10, 0, 1);
    expect(Buffer.compare(same, labels)).toBe(0);
    expect(same).not.toBe(labels);
  });

  it.each([0.1, 0.5, 1])('replaces a share of %d by uniform labels', (share) => {
    // A drawn label is another one with chance 9/10: mean and standard deviation of the count of changed ones.
    const drawn = share * labels.length;
    const difference = changed(randomizeLabels(labels, 10, share, 3)) - 0.9 * drawn;
    expect(Math.abs(difference)).toBeLessThan(5 * Math.sqrt(drawn * 0.9 * 0.1));
  });

  it('draws every class equally often', () => {
    const counts = new Array<number>(10).fill(0);
    for (const label of randomizeLabels(new Uint8Array(50_000), 10, 1, 4)) counts[label]!++;
    const chiSquare = counts.reduce((sum, count) => sum + (count - 5000) ** 2 / 5000, 0);
    expect(chiSquare).toBeLessThan(27.88); // 99.9 % quantile for 9 degrees of freedom
  });

  it('follows the seed', () => {
    const [first, same, other] = [7, 7, 8].map((seed) => randomizeLabels(labels, 10, 0.5, seed));
    expect(Buffer.compare(first!, same!)).toBe(0);
    expect(Buffer.compare(first!, other!)).not.toBe(0);
  });
});
