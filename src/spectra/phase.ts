/** Names of the 5+1 phases of training, from random-like to rank-collapse (Martin and Mahoney, JMLR 22(165), section 4). */
export const PHASES = [
  'random-like',
  'bleeding-out',
  'bulk+spikes',
  'bulk-decay',
  'heavy-tailed',
  'rank-collapse',
] as const;
export type Phase = (typeof PHASES)[number];
