import type { Phase } from './phase.ts';

/** What a column holds; `| null` where it may be empty. */
export type ColumnType =
  | 'text'
  | 'text | null'
  | 'integer'
  | 'integer | null'
  | 'number'
  | 'number | null'
  | 'flag | null'
  | 'phase | null';

/**
 * A column of a CSV file: its name there, what it holds, what headings, menus and axes call it, its unit (w: that of the weights; empty for
 * counts and ratios), and what it means, as docs/reference/metrics.md says it.
 */
export type Column = readonly [name: string, type: ColumnType, label: string, unit: string, meaning: string];

/** The type of a row with these columns. */
export type RowOf<Columns extends readonly Column[]> = { [C in Columns[number] as C[0]]: ValueOf<C[1]> };

type ValueOf<Type extends string> = Type extends `${infer Held} | null`
  ? ValueOf<Held> | null
  : Type extends 'text'
    ? string
    : Type extends 'flag'
      ? boolean
      : Type extends 'phase'
        ? Phase
        : number;

/** Columns of every row of spectra.csv, in file order. */
// biome-ignore format: a table reads line by line
export const SPECTRUM_COLUMNS = [
  ['run', 'text | null', 'run', '', 'id of the run; empty for weights files'],
  ['epoch', 'integer | null', 'epoch', '', 'epoch after which the snapshot was taken; 0: the initial weights'],
  ['layer', 'text', 'layer', '', 'name of the layer'],
  ['N', 'integer', 'N', '', 'longer side of W'],
  ['M', 'integer', 'M', '', 'shorter side of W'],
  ['Q', 'number', 'Q', '', 'N/M'],
  ['num_evals', 'integer', 'eigenvalues', '', 'number of eigenvalues: M, or a multiple of it where matrices are pooled'],
  ['norm', 'number', 'squared norm', 'w²', 'squared Frobenius norm: sum lambda'],
  ['log_norm', 'number | null', 'log norm', '', 'log10 norm'],
  ['spectral_norm', 'number', 'squared spectral norm', 'w²', 'the same number as lambda_max, under both names as WeightWatcher'],
  ['log_spectral_norm', 'number | null', 'log spectral norm', '', 'log10 lambda_max'],
  ['lambda_max', 'number', 'largest eigenvalue', 'w²', 'largest eigenvalue: the squared spectral norm of W'],
  ['lambda_min', 'number', 'smallest eigenvalue', 'w²', 'smallest eigenvalue'],
  ['sv_max', 'number', 'largest singular value', 'w', 'root of lambda_max'],
  ['sv_min', 'number', 'smallest singular value', 'w', 'root of lambda_min'],
  ['stable_rank', 'number | null', 'stable rank', '', 'R_s, squared ratio of Frobenius to spectral norm: norm / lambda_max (paper, capacity metrics)'],
  ['matrix_rank', 'integer', 'hard rank', '', 'eigenvalues that are not 0: those above the rounding of the weights; see below'],
  ['rank_loss', 'integer', 'rank loss', '', 'eigenvalues that are 0: num_evals - matrix_rank'],
  ['weak_rank_loss', 'integer', 'weak rank loss', '', "eigenvalues below 1e-6, whatever the scale of the weights (WeightWatcher's tolerance)"],
  ['entropy', 'number | null', 'matrix entropy', '', 'S(W), 0..1: -sum p ln p / ln(matrix_rank), p = lambda / sum lambda (paper). Empty for rank 0 and 1'],
  ['fit', 'text', 'power-law mode', '', 'power-law mode: `paper`, `ww`, `hill`'],
  ['alpha', 'number | null', 'alpha', '', 'exponent of the tail, p(lambda) ~ lambda^-alpha: 1 + n / sum ln(lambda_i / xmin) over the n eigenvalues >= xmin'],
  ['alpha_weighted', 'number | null', 'weighted alpha', '', 'alpha log10 lambda_max'],
  ['log_alpha_norm', 'number | null', 'log alpha norm', '', 'log10 sum lambda^alpha'],
  ['D', 'number | null', 'D', '', 'Kolmogorov-Smirnov distance of the tail to the law, against the empirical distribution 0, 1/n, ..., (n-1)/n, as powerlaw has it'],
  ['xmin', 'number | null', 'xmin', 'w²', 'where the tail begins: the eigenvalue of least D (`paper`, `ww`); the median (`hill`)'],
  ['xmax', 'number | null', 'xmax', 'w²', 'largest eigenvalue of the tail; only in mode `paper` does the law end there'],
  ['sigma', 'number | null', 'error of alpha', '', 'standard error of alpha: (alpha - 1) / sqrt(n)'],
  ['num_pl_spikes', 'integer | null', 'tail', '', 'n, the eigenvalues of the tail'],
  ['mp_fit', 'text', 'noise mode', '', 'how sigma_mp was found: `robust`, `edge`'],
  ['sigma_mp', 'number | null', 'sigma_mp', 'w', 'sqrt(N) times the standard deviation of the entries of the noise: a standard deviation, not a variance; see below'],
  ['lambda_minus', 'number | null', 'lower MP edge', 'w²', 'lower edge of the Marchenko-Pastur law: sigma_mp^2 (1 - Q^-1/2)^2'],
  ['lambda_plus', 'number | null', 'MP edge', 'w²', 'upper edge of the Marchenko-Pastur law: sigma_mp^2 (1 + Q^-1/2)^2'],
  ['tw_edge', 'number | null', 'Tracy-Widom edge', 'w²', "what the largest eigenvalue of noise exceeds with probability 1 %: Johnstone's centring and scaling, TW1 quantile 2.0234 (for r pooled matrices the quantile of 0.99^(1/r))"],
  ['num_spikes', 'integer | null', 'spikes', '', 'eigenvalues above tw_edge (`robust`), or as many as were asked for (`edge`)'],
  ['mp_softrank', 'number | null', 'MP soft rank', '', 'R_mp: lambda_plus / lambda_max, 1 where lambda_max lies within the bulk'],
  ['bulk_ks', 'number | null', 'misfit of the bulk', '', 'Kolmogorov-Smirnov distance to the law of the eigenvalues that are no spikes; about 3/M for noise. Above 0.1 `notes` says that the law does not fit'],
  ['phase', 'phase | null', 'phase', '', 'the phase of training; see [phases.md](phases.md), also for the four columns that follow'],
  ['phase_confidence', 'number | null', 'confidence of the label', '', 'how often a label like this is right on matrices drawn across the limits, 0..1'],
  ['phase_ambiguous', 'flag | null', 'ambiguous', '', 'whether phase_confidence is below 0.75'],
  ['phase_runner_up', 'phase | null', 'runner-up', '', 'the most believed of the other phases'],
  ['phase_evidence', 'text | null', 'evidence', '', 'what decided, and the quantities it rests on with their limits'],
  ['warning', 'text | null', 'warning', '', 'what to beware of, by the rules [below](#warnings): `over-trained`, `under-trained`, `poor fit`, `trap`, `label rests on rounding`'],
  ['notes', 'text | null', 'notes', '', 'why a value is missing or doubtful'],
  ['detX_num', 'integer | null', 'detX tail', '', 'eigenvalues of the tail whose product, rescaled to mean 1, falls to 1: from the largest down, the one that brings it below 1 counted in'],
  ['detX_val', 'number | null', 'detX edge', 'w²', 'the smallest of them, not rescaled'],
  ['num_ERG_spikes', 'integer | null', 'ERG spikes', '', "detX_num under WeightWatcher's other name"],
  ['ERG_gap', 'integer | null', 'ERG gap', '', 'detX_num - num_pl_spikes'],
  ['mu_alpha', 'number | null', 'mu of alpha', '', "exponent of the entries read off alpha, the authors' mu4alpha: 2 (alpha - 1) below 2; 2 up to 3; alpha - 1 above"],
  ['htmp_shape', 'number | null', 'HTMP shape', '', 'shape a of the inverse-gamma law of greatest likelihood of all eigenvalues that are not 0, p(lambda) ~ lambda^-(a + 1) exp(-b / lambda), with a tail of exponent a + 1: the law of reciprocals of a Wishart spectrum without repulsion (Allez et al. 2012). It is not the whole high-temperature Marchenko-Pastur family (Hodgkinson, Wang and Mahoney 2025), whose repulsion is not fitted'],
  ['htmp_scale', 'number | null', 'HTMP scale', 'w²', 'its scale b'],
  ['htmp_D', 'number | null', 'HTMP D', '', 'Kolmogorov-Smirnov distance of these eigenvalues to it'],
  ['spacing_ratio_bulk', 'number | null', 'spacing ratio, bulk', '', 'mean of min(s, s′) / max(s, s′) over neighbouring spacings of the eigenvalues that are no spikes: 0.531 for random matrices (GOE), 0.386 for independent values (Atas et al. 2013). Empty for fewer than 10 eigenvalues, and where matrices are pooled'],
  ['spacing_ratio_tail', 'number | null', 'spacing ratio, tail', '', 'the same of the spikes'],
  ['wigner_D', 'number | null', "distance to Wigner's surmise", '', "Kolmogorov-Smirnov distance of the spacings of the bulk, unfolded by its Marchenko-Pastur law to mean 1, to Wigner's surmise 1 - exp(-pi s^2 / 4)"],
  ['poisson_D', 'number | null', 'distance to independence', '', 'the same distance to 1 - exp(-s), the spacings of independent values'],
] as const satisfies readonly Column[];

/**
 * Columns that not every row has, in file order after those that have: `entries` where the weights are at hand, what a key of `analysis`
 * adds, `truncated` of runs with `snapshots.network`, and `range` where a layer needs it.
 */
// biome-ignore format: a table reads line by line
export const OPTION_COLUMNS = {
  entries: [
    ['num_entry_spikes', 'number | null', 'spikes of single entries', '', 'how many spikes are expected of single entries, wherever they stand: those \\|w\\| whose eigenvalue comes beyond the Tracy-Widom edge of the others (Benaych-Georges and Nadakuditi 2012), as in a permuted copy; one near the edge counts for its probability'],
    ['entry_mu', 'number | null', 'mu of the entries', '', 'exponent of the tail of the entries, P(\\|w\\| > x) ~ x^-mu, between the \\|w\\| that a hundredth and a thousandth of them exceed (300 and 30 entries where these are more); about 9.4 for normal entries. Empty below 1000 entries, and where too many are 0 or of one size'],
  ],
  tails: [
    ['best_type', 'text | null', 'best tail', '', 'PL, TPL, EXP, S_EXP, LOG_N: power law, with exponential cut-off, exponential, stretched exponential, log-normal. Each is fitted by maximum likelihood on xmin to infinity; the authors\' rule: TPL if its likelihood-ratio test has p <= 0.05; then EXP, S_EXP, LOG_N in turn, if better than the best so far with p <= 0.05'],
    ['R_TPL', 'number | null', 'R of TPL', '', "Vuong's normalized log-likelihood ratio of the power law to the one with cut-off; above 0: the power law is better"],
    ['p_TPL', 'number | null', 'p of TPL', '', 'of the likelihood-ratio test: the cut-off law contains the power law'],
    ['R_EXP', 'number | null', 'R of EXP', '', 'the same ratio to the exponential'],
    ['p_EXP', 'number | null', 'p of EXP', '', 'significance of its sign'],
    ['R_S_EXP', 'number | null', 'R of S_EXP', '', 'to the stretched exponential'],
    ['p_S_EXP', 'number | null', 'p of S_EXP', '', 'significance of its sign'],
    ['R_LOG_N', 'number | null', 'R of LOG_N', '', 'to the log-normal'],
    ['p_LOG_N', 'number | null', 'p of LOG_N', '', 'significance of its sign'],
    ['TPL_alpha', 'number | null', 'alpha of TPL', '', 'exponent of the power law with exponential cut-off, lambda^-alpha exp(-Lambda lambda), of greatest likelihood on the same tail'],
    ['TPL_cutoff', 'number | null', 'cut-off of TPL', 'w²', '1 / Lambda: where the cut-off sets in'],
  ],
  bootstrap: [
    ['alpha_low', 'number | null', 'alpha, lower bound', '', 'lower end of the 95 % percentile interval of alpha: eigenvalues drawn with replacement, xmin searched anew in each; seeded'],
    ['alpha_high', 'number | null', 'alpha, upper bound', '', 'its upper end'],
    ['bootstrap_resamples', 'integer | null', 'resamples', '', 'resamples that could be fitted'],
  ],
  randomize: [
    ['rand_copies', 'integer | null', 'randomized copies', '', 'copies of W whose entries are permuted at random; seeded'],
    ['max_rand_eval', 'number | null', 'largest randomized eigenvalue', 'w²', 'largest eigenvalue of all copies'],
    ['rand_lambda_max', 'number | null', 'randomized lambda_max', 'w²', 'mean over the copies, each analyzed as the layer is'],
    ['rand_sigma_mp', 'number | null', 'randomized sigma_mp', 'w', 'mean over the copies'],
    ['rand_tw_edge', 'number | null', 'randomized Tracy-Widom edge', 'w²', 'mean over the copies'],
    ['rand_num_spikes', 'number | null', 'randomized spikes', '', 'mean over the copies'],
    ['num_traps', 'integer | null', 'correlation traps', '', 'eigenvalues beyond the Tracy-Widom edge of their own copy, as many as more than half of the copies have (the lower median): what single entries do, whatever their places (SETOL, section 6)'],
    ['rand_mp_softrank', 'number | null', 'randomized soft rank', '', 'mean over the copies'],
    ['rand_alpha', 'number | null', 'randomized alpha', '', 'mean over the copies'],
    ['sigma_shuf', 'number | null', 'sigma_shuf', 'w', "the authors' upper bound of sigma: edge rule on max_rand_eval"],
    ['rand_distance', 'number | null', 'distance to randomized', '', 'Jensen-Shannon distance of the ascending eigenvalues divided by their sum, layer against copy; mean'],
    ['ww_softrank', 'number | null', 'WW soft rank', '', 'rand_lambda_max / lambda_max'],
    ['ww_maxdist', 'number | null', 'WW max distance', 'w²', 'lambda_max - rand_lambda_max'],
    ['p_alpha', 'number | null', 'p of alpha', '', 'share of copies at least as heavy: (1 + hits) / (1 + copies), never below 1/(1 + copies)'],
    ['p_lambda_max', 'number | null', 'p of lambda_max', '', 'share of copies with a largest eigenvalue as large'],
    ['p_num_spikes', 'number | null', 'p of spikes', '', 'share of copies with as many spikes'],
  ],
  fixFingers: [
    ['num_fingers', 'integer | null', 'fingers', '', 'largest eigenvalues that were cut off before the fit (`clip_xmax`)'],
    ['raw_alpha', 'number | null', 'alpha with fingers', '', 'alpha without any of this'],
  ],
  vectors: [
    ['localization_ratio_bulk', 'number | null', 'localization ratio, bulk', '', 'mean of \\|v\\|_1 / \\|v\\|_inf over the eigenvectors of the bulk: of the smaller Gram matrix (M entries); of a convolution those of all its matrices'],
    ['participation_ratio_bulk', 'number | null', 'participation ratio, bulk', '', 'mean of \\|v\\|_2 / \\|v\\|_4; (M/3)^(1/4) for normal vectors'],
    ['vector_entropy_bulk', 'number | null', 'vector entropy, bulk', 'nat', 'mean entropy of the entries in 100 bins over their range; 4.11 for a normal vector of 384 entries'],
    ['localization_ratio_spikes', 'number | null', 'localization ratio, spikes', '', 'the same over the spikes, the largest eigenvalues of all matrices together'],
    ['participation_ratio_spikes', 'number | null', 'participation ratio, spikes', '', 'of the spikes'],
    ['vector_entropy_spikes', 'number | null', 'vector entropy, spikes', 'nat', 'of the spikes'],
    ['bulk_mean_vec_entropy', 'number | null', 'mean vec entropy, bulk', '', "mean of the entropy of \\|v\\| in 100 bins (WeightWatcher's discrete entropy) over the eigenvectors of eigenvalues below xmin"],
    ['bulk_var_vec_entropy', 'number | null', 'variance vec entropy, bulk', '', "variance of the entropy of \\|v\\| in 100 bins (WeightWatcher's discrete entropy) over the eigenvectors of eigenvalues below xmin"],
    ['bulk_mean_loc_ratio', 'number | null', 'mean loc ratio, bulk', '', "mean of the localization ratio over the eigenvectors of eigenvalues below xmin"],
    ['bulk_var_loc_ratio', 'number | null', 'variance loc ratio, bulk', '', "variance of the localization ratio over the eigenvectors of eigenvalues below xmin"],
    ['bulk_mean_part_ratio', 'number | null', 'mean part ratio, bulk', '', "mean of the participation ratio over the eigenvectors of eigenvalues below xmin"],
    ['bulk_var_part_ratio', 'number | null', 'variance part ratio, bulk', '', "variance of the participation ratio over the eigenvectors of eigenvalues below xmin"],
    ['tail_mean_vec_entropy', 'number | null', 'mean vec entropy, tail', '', "mean of the entropy of \\|v\\| in 100 bins (WeightWatcher's discrete entropy) over the eigenvectors of eigenvalues from xmin on"],
    ['tail_var_vec_entropy', 'number | null', 'variance vec entropy, tail', '', "variance of the entropy of \\|v\\| in 100 bins (WeightWatcher's discrete entropy) over the eigenvectors of eigenvalues from xmin on"],
    ['tail_mean_loc_ratio', 'number | null', 'mean loc ratio, tail', '', "mean of the localization ratio over the eigenvectors of eigenvalues from xmin on"],
    ['tail_var_loc_ratio', 'number | null', 'variance loc ratio, tail', '', "variance of the localization ratio over the eigenvectors of eigenvalues from xmin on"],
    ['tail_mean_part_ratio', 'number | null', 'mean part ratio, tail', '', "mean of the participation ratio over the eigenvectors of eigenvalues from xmin on"],
    ['tail_var_part_ratio', 'number | null', 'variance part ratio, tail', '', "variance of the participation ratio over the eigenvectors of eigenvalues from xmin on"],
  ],
  farms: [
    ['farms_alpha', 'number | null', 'FARMS alpha', '', 'Hill alpha of submatrices of one aspect ratio, so that layers of different Q can be compared: positions evenly spaced, as few as cover W; eigenvalues pooled'],
    ['farms_aspect', 'number | null', 'FARMS aspect', '', 'their aspect ratio'],
    ['farms_columns', 'integer | null', 'FARMS columns', '', 'their shorter side'],
  ],
  truncated: [
    ['full_train_error', 'number | null', 'training error', '', 'share of wrong answers of the network as it is, over the training images of the run, with their labels; after the epoch'],
    ['full_test_error', 'number | null', 'test error', '', 'over the test images'],
    ['pl_train_error', 'number | null', 'training error, cut at xmin', '', 'with this layer cut to the tail of its power law: the num_pl_spikes largest singular values stay as they are, the others become 0; biases and all else stay, nothing is trained again'],
    ['pl_test_error', 'number | null', 'test error, cut at xmin', '', 'over the test images'],
    ['detX_train_error', 'number | null', 'training error, cut at detX', '', 'with this layer cut at the trace-log condition: the detX_num largest stay'],
    ['detX_test_error', 'number | null', 'test error, cut at detX', '', 'over the test images'],
    ['tw_train_error', 'number | null', 'training error, cut at the edge', '', 'with this layer cut at the Tracy-Widom edge: the num_spikes largest stay. With no spikes the layer gives its biases alone'],
    ['tw_test_error', 'number | null', 'test error, cut at the edge', '', 'over the test images'],
    ['all_pl_train_error', 'number | null', 'training error, all cut at xmin', '', 'with every analyzed layer cut to the tail of its power law'],
    ['all_pl_test_error', 'number | null', 'test error, all cut at xmin', '', 'over the test images'],
    ['all_detX_train_error', 'number | null', 'training error, all cut at detX', '', 'with every analyzed layer cut at the trace-log condition'],
    ['all_detX_test_error', 'number | null', 'test error, all cut at detX', '', 'over the test images'],
    ['all_tw_train_error', 'number | null', 'training error, all cut at the edge', '', 'with every analyzed layer cut at its Tracy-Widom edge'],
    ['all_tw_test_error', 'number | null', 'test error, all cut at the edge', '', 'over the test images'],
  ],
  range: [
    ['scale_exponent', 'integer | null', 'scale exponent', '', 'k, where what has the unit w or w² is that of W * 2^-k'],
  ],
} as const satisfies Readonly<Record<string, readonly Column[]>>;

/** What the eigenvalues of a layer give: its row without its place and its phase. */
export type LayerSpectrum = Omit<
  RowOf<typeof SPECTRUM_COLUMNS>,
  'run' | 'epoch' | 'layer' | 'warning' | `phase${string}`
>;

/** Any of the columns that options add. */
export type OptionColumn = (typeof OPTION_COLUMNS)[keyof typeof OPTION_COLUMNS][number];

/** Every column of spectra.csv by its name. */
export const COLUMN_OF: ReadonlyMap<string, Column> = new Map(
  [...SPECTRUM_COLUMNS, ...Object.values(OPTION_COLUMNS).flat()].map((column) => [column[0], column]),
);

/** Returns the names of columns, order kept. */
export function namesOf<Columns extends readonly Column[]>(columns: Columns): Columns[number][0][] {
  return columns.map(([name]) => name);
}

/** Returns whether a column holds numbers. */
export function isNumeric([, type]: Column): boolean {
  return type.startsWith('number') || type.startsWith('integer');
}
