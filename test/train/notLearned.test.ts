import { expect, it } from 'vitest';
import { notLearned } from '../../src/train/notLearned.ts';

const even = { labels: Array.from({ length: 100 }, (_, i) => i % 10), classes: 10, unchanged: [] };

it.each([
  [0.1, true],
  [0.149, true],
  [0.16, false],
  [0.95, false],
])('an accuracy of %f of ten classes alike is near chance: %s', (accuracy, near) => {
  expect(notLearned({ ...even, accuracy }) !== null).toBe(near);
});

it('takes the most frequent class for chance', () => {
  const labels = Array.from({ length: 100 }, (_, i) => (i < 80 ? 0 : 1));
  const of = (accuracy: number) => notLearned({ labels, classes: 2, unchanged: [], accuracy });
  expect(of(0.8)).toBe('training accuracy 0.8000 is near chance, 0.8000');
  expect(of(0.86)).toBeNull();
});

it('names layers that the last epoch did not change', () => {
  expect(notLearned({ ...even, accuracy: 0.9, unchanged: ['fc1', 'fc2'] })).toBe(
    'the last epoch did not change fc1, fc2',
  );
});
