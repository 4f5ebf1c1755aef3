import type { RandomStream } from '../../base/random/stream.ts';
import type { Phase } from '../phase.ts';
import { logUniform, powerLawSpectrum, smaller, spikes, strengthAt, uniform } from './families.ts';
import { ladderMatrix, type Shape } from './matrices.ts';

/** Matrices across a border between two phases; which side one is on follows from what it is drawn with, not from what came out. */
export interface BorderFamily {
  name: string;
  /** What is drawn, and which label is right, for people. */
  description: string;
  draw(stream: RandomStream, shape: Shape): { W: Float64Array; phase: Phase };
}

/**
 * The families that say how often a label is right close to a limit. The limits of the classifier are handed in where a family
 * has to know on which side it is: of R_mp, and of the number of spikes near the edge.
 */
export function borderFamilies({
  separation,
  nearSpikes,
  heavyTail,
}: {
  separation: (shape: Shape) => number;
  nearSpikes: (shape: Shape) => number;
  heavyTail: number;
}): BorderFamily[] {
  return [
    {
      name: 'noise | bleeding-out',
      description: 'one spike expected at 1.0 to 1.12, none from 0.95 to 1; seen or not at R_mp 0.95',
      draw: (stream, shape) => {
        const location = uniform(stream, 0.95, 1.12);
        const count = location > 1 ? 1 : 0;
        return {
          W: spikes(stream, shape, count, () => location),
          phase: location > 1 / 0.95 ? 'bleeding-out' : 'random-like',
        };
      },
    },
    {
      name: 'bleeding-out | bulk+spikes',
      description: '2 to 4 spikes expected at one place from 1.07 to 1.5; apart beyond the limit of R_mp',
      draw: (stream, shape) => {
        const location = logUniform(stream, 1.07, 1.5);
        return {
          W: spikes(stream, shape, 2 + stream.below(3), () => location),
          phase: location > 1 / separation(shape) ? 'bulk+spikes' : 'bleeding-out',
        };
      },
    },
    {
      name: 'bulk+spikes | bulk-decay',
      description:
        'the ladder of the decaying bulk with c in 0.02 to 0.2; decaying where more spikes are expected above the edge than the limit near it',
      draw: (stream, shape) => {
        const strongest = strengthAt(uniform(stream, 2, 3), shape);
        const share = logUniform(stream, 0.02, 0.2);
        const expected = share * smaller(shape) * Math.log(strongest / strengthAt(1, shape));
        return {
          W: ladderMatrix(stream, shape, { strongest, share }),
          phase: expected > nearSpikes(shape) ? 'bulk-decay' : 'bulk+spikes',
        };
      },
    },
    {
      name: 'bulk-decay | heavy-tailed',
      description:
        'the power-law correlations with b in 0.2 to 0.8; heavy-tailed where the largest is expected beyond the limit of R_mp',
      draw: (stream, shape) => {
        const slope = uniform(stream, 0.2, 0.8);
        const largest = Math.round(0.15 * smaller(shape)) ** slope;
        return {
          W: powerLawSpectrum(stream, shape, slope),
          phase: largest > 1 / heavyTail ? 'heavy-tailed' : 'bulk-decay',
        };
      },
    },
    {
      name: 'strong signal | shrunken bulk',
      description:
        '9 spikes or more expected at 150 to 1000, nothing known of the scale; one or the other with equal odds',
      draw: (stream, shape) => {
        const count = Math.max(9, Math.round(uniform(stream, 0.03, 0.06) * smaller(shape)));
        return {
          W: spikes(stream, shape, count, () => uniform(stream, 150, 1000)),
          phase: stream.uniform() < 0.5 ? 'bulk+spikes' : 'rank-collapse',
        };
      },
    },
  ];
}
