import type { Phase } from '../../spectra/phase.ts';

/** What stands for each phase where there is no room for its name, and its colours (text on fill has contrast 4.5:1 or more). */
export const PHASE_STYLE: Readonly<
  Record<Phase, { short: string; light: string; dark: string; meaning: string }>
> = {
  'random-like': {
    short: 'R',
    light: '#c9d3dd',
    dark: '#46525e',
    meaning: 'noise, as before training: the Marchenko-Pastur law, next to nothing beyond its edge',
  },
  'bleeding-out': {
    short: 'BO',
    light: '#a9d5f5',
    dark: '#1f5f8b',
    meaning: 'mass piles up just past the edge of the bulk',
  },
  'bulk+spikes': {
    short: 'B+S',
    light: '#a6e0b8',
    dark: '#1d6b3a',
    meaning: 'a bulk and spikes well apart from it',
  },
  'bulk-decay': {
    short: 'BD',
    light: '#f3e08c',
    dark: '#6d5c00',
    meaning: 'the edge of the bulk decays into a tail',
  },
  'heavy-tailed': {
    short: 'HT',
    light: '#f8bd94',
    dark: '#8f4411',
    meaning: 'a power law describes the tail, far beyond the edge of the bulk',
  },
  'rank-collapse': {
    short: 'RC',
    light: '#e6b8ea',
    dark: '#73337a',
    meaning: 'over-regularized: most of the spectrum lies at 0, or near it beside the largest eigenvalue',
  },
};
