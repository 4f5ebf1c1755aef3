/** A limit of a decision: half of the belief on either side of `at`; `width` is the distance (in `unit`) over which belief goes from 1/2 to 0.73. */
export interface Threshold {
  at: number;
  width: number;
  /** `log`: distances are differences of natural logarithms; `linear`: plain differences. */
  unit: 'log' | 'linear';
  /** What is compared. */
  quantity: string;
  reason: string;
}

/**
 * Every threshold of the phase classifier, with its reason. The paper assigns phases by eye and names no number; these are this
 * project's. Labelled points: the authors' batch-size sweep (FC1 of MiniAlexNet, R_mp = lambda_plus / lambda_max) and a third
 * party's repetition of it. docs/notebook/calibration.md shows how often they are right on matrices of known class.
 */
export const THRESHOLDS = {
  rankLoss: {
    at: 0.05,
    width: 0.2,
    unit: 'log',
    quantity:
      'share of eigenvalues that are 0, beyond what rounding hides of a spectrum that goes on to 0 as it comes',
    reason:
      'a few dead units are no collapse; a twentieth of the spectrum at 0 is a visible bar of its own in a histogram. Where as many lie just above, the limit of 0 cuts through a spectrum and bounds no mode',
  },
  nullModeGap: {
    at: 10,
    width: 0.25,
    unit: 'log',
    quantity: 'factor between the mode near 0 and the rest',
    reason:
      'in a heavy tail of alpha = 1.5 the factor between ranks k and k + 1 exceeds 10 with probability 10^(-k/2), one in 10,000 at rank 8, the lowest looked at for M = 192',
  },
  noiseBulk: {
    at: 0.05,
    width: 0.1,
    unit: 'log',
    quantity: 'KS distance of the bulk, up to which it is noise under a signal, not a mode at 0',
    reason:
      "the geometric mean of 0.031, of a transformer's position embeddings with clear spikes over a bulk, and 0.08, of a layer that a weight penalty made collapse. Of a small matrix what noise alone reaches, as for `bulkDistance`",
  },
  bulkWidth: {
    at: 0.04,
    width: 0.1,
    unit: 'log',
    quantity: 'sigma_mp sqrt(M) over the Frobenius norm: the entries of the bulk over those of the layer',
    reason:
      'the geometric mean of 0.055, noise under spikes of 15 % of its directions three hundred to a thousand times the edge, and of 0.03, the most noise that is added to a matrix of low rank and leaves it one: a thousandth of its energy',
  },
  signalRank: {
    at: 0.2,
    width: 0.08,
    unit: 'log',
    quantity: 'share of eigenvalues above a gap',
    reason:
      'a signal of up to a fifth of the directions stands on noise; more, in a bulk of their own, are a matrix of low rank. Of a small matrix 24: twice the ten directions of a ten-class task',
  },
  shrinkage: {
    at: 0.1,
    width: 0.25,
    unit: 'log',
    quantity: 'sigma_mp over that of the first epoch',
    reason:
      "the geometric mean of the authors' layers under L2, 0.29 and 0.32, which they do not call collapsed, and of ours under thirty times the penalty, 0.026",
  },
  crowding: {
    at: 0.85,
    width: 0.03,
    unit: 'linear',
    quantity: 'share of eigenvalues below a hundredth of lambda_max',
    reason: "the first of 100 bins of the authors' collapsed layers holds 0.92 and 0.94 of the eigenvalues",
  },
  cliff: {
    at: 10,
    width: 0.25,
    unit: 'log',
    quantity: 'factor between the eigenvalues of rank k and 2.5 k, counted from the largest',
    reason:
      'a heavy tail of any alpha above 1.4 is expected to fall by less than 10 there, and falls as fast before; by chance it falls further one time in forty, by exp(3.9 / sqrt k) times, which is counted in. Spikes over a mode near 0 fall all at once, by hundreds',
  },
  outlier: {
    at: 2.02,
    width: 0.5,
    unit: 'linear',
    quantity: 'lambda_max in Tracy-Widom units above the bulk edge',
    reason: 'the 99 % quantile of the Tracy-Widom law: 1 % of noise matrices have a larger one',
  },
  outlierSure: {
    at: 2.02,
    width: 4,
    unit: 'linear',
    quantity: 'the same, from there on',
    reason:
      'confidence passes 0.75 at about 4, which one noise matrix in 5,000 exceeds: of many layers the luckiest is still noise',
  },
  onset: {
    at: 0.95,
    width: 0.01,
    unit: 'log',
    quantity: 'R_mp',
    reason:
      'an excess of less than 5 % of the edge is significant in a large matrix but not seen in a histogram: the authors call b = 250 random-like (R_mp = 0.96 with the sigma of its trace), a third party R_mp = 0.978. Such a layer is marked ambiguous',
  },
  separation: {
    at: 0.84,
    width: 0.043,
    unit: 'log',
    quantity: 'R_mp',
    reason:
      'mid-way between the labelled points: bleeding-out at 0.917 and 0.88, bulk+spikes at 0.80 and 0.74. Of a finite matrix, further out by one standard deviation of a spike there (0.825 for 4096 x 384, 0.80 for 384 x 192)',
  },
  outlierShare: {
    at: 0.0625,
    width: 0.2,
    unit: 'log',
    quantity: 'share of eigenvalues between the bulk edge and three times it',
    reason:
      'spikes are a perturbation of low rank: bulk+spikes at 4.6 % (b = 16) and 5.3 % (LeNet5), bulk-decay at 8.5 % (b = 8); the geometric mean of 4.6 and 8.5. Farther out they are spikes, however many',
  },
  outlierCount: {
    at: 14,
    width: 0.2,
    unit: 'log',
    quantity: 'the same as a number, which of a small layer may be a larger share',
    reason:
      'ten classes give nine or ten spikes, of 64 columns 15 %; a decaying bulk of 192 columns has 14 to 21 there',
  },
  bulkDistance: {
    at: 0.015,
    width: 0.2,
    unit: 'log',
    quantity: 'KS distance of the bulk',
    reason:
      '0.015 of the eigenvalues out of place is less than what a histogram of 100 bins shows. Of a small matrix 1.25 times what noise alone reaches, (1.3 + 0.45 ln M) / M, the 99.9 % quantile to a tenth: a bulk no farther off than that is not seen to be off',
  },
  heavyTail: {
    at: 0.25,
    width: 0.3,
    unit: 'log',
    quantity: 'R_mp',
    reason: 'labelled points: bulk-decay at 0.44 and 0.315, either at 0.293, heavy-tailed at 0.147 and 0.074',
  },
  powerLaw: {
    at: 0.07,
    width: 0.25,
    unit: 'log',
    quantity: 'D, the distance of the tail to its power law',
    reason:
      "the authors' pretrained layers, which they call heavy-tailed, have D up to 0.053. Of a short tail what chance alone gives, 1.08 over the root of its length: the 5 % quantile for an exponential law of fitted rate (Lilliefors 1969), which the logarithms of a power law follow",
  },
  entryTail: {
    at: 0.5,
    width: 0.25,
    unit: 'log',
    quantity: 'spikes of permuted copies, or expected of single entries, over those of the layer',
    reason: 'half of the spikes or more come with the entries, whatever their places',
  },
  entryExponent: {
    at: 4,
    width: 0.1,
    unit: 'log',
    quantity: 'mu, the exponent of the tail of the entries',
    reason:
      'the border of heavy-tailed random matrices: from mu = 4 on the edge is that of noise. Normal entries have 9.4 there, Laplace ones 5.7; a few outliers among them change that little',
  },
} as const satisfies Record<string, Threshold>;

/** Returns the limit of `bulkDistance` for a bulk of `n` eigenvalues, where it is more: 1.25 times how far finite noise is from the law. */
export const smallBulkDistance = (n: number): number => (1.25 * (1.3 + 0.45 * Math.log(n))) / n;
/** Chance alone gives a tail of n eigenvalues a distance of this over the root of n to a power law of fitted exponent, one time in twenty. */
export const CHANCE_DISTANCE = 1.08;
/** Outliers up to this many times the bulk edge are near it: they make a bulk that decays, where there are many. */
export const NEAR_EDGE = 3;
/** Belief that a mode near 0 is a collapse where the bulk is clean and nothing tells its scale: the same spectrum has noise that stayed as it was under strong spikes. */
export const UNKNOWN_SCALE = 0.45;
/** Spikes of a small matrix may be this many, whatever share that is (see `signalRank`). */
export const SIGNAL_RANK_COUNT = 24;
/** A mode near 0 holds at least this share of the eigenvalues (as `rankLoss`). */
export const NULL_MODE_MIN_SHARE = 0.05;
/** What stands above a mode near 0 is this many eigenvalues or more, and this share: fewer are spikes, or the top of a heavy tail, whose first eigenvalues lie far apart. */
export const ABOVE_NULL_MODE_MIN_COUNT = 4;
export const ABOVE_NULL_MODE_MIN_SHARE = 0.04;
/** A cliff has at least this many eigenvalues above it, one less than the ten classes give spikes: the first few of a heavy tail lie anywhere. */
export const CLIFF_MIN_RANK = 8;
/** From rank k to this times k. */
export const CLIFF_STRETCH = 2.5;
/** A mode near 0 carries at most this share of the trace: a bulk under a few strong spikes carries most of it, the authors' collapsed layers about 0.1. */
export const NULL_MODE_MAX_ENERGY = 0.2;
/** Below this belief in the first label a layer is marked ambiguous: odds of less than three to one. */
export const AMBIGUOUS_BELOW = 0.75;
/** Share of the belief above 1/2 that a significant excess keeps where no histogram shows it (see `onset`). */
export const UNSEEN_BELIEF = 0.2;
/** Belief in a heavy tail of entries that have made no outlier yet. */
export const UNSEEN_TAIL = 0.45;
