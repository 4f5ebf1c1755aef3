import { JOINED_COLUMNS } from '../src/experiment/results/joinRows.ts';
import { METRICS_COLUMNS } from '../src/experiment/results/metricsRow.ts';
import { type Column, OPTION_COLUMNS, SPECTRUM_COLUMNS } from '../src/spectra/columns.ts';
import { LEARNED_COLUMNS } from '../src/spectra/learned.ts';
import { ROUNDING_WARNING, WARNING_RULES } from '../src/spectra/phases/warnings.ts';

/** Returns docs/reference/metrics.md. */
export function metricsMarkdown(): string {
  const { entries, truncated, range, ...options } = OPTION_COLUMNS;
  return `${[
    INTRODUCTION,
    table(SPECTRUM_COLUMNS),
    DEFINITIONS,
    WARNINGS,
    '## Where the weights are at hand',
    table(entries),
    '## By option',
    ...Object.entries(options).map(([option, columns]) => `### \`analysis.${option}\`\n\n${table(columns)}`),
    TRUNCATED,
    table(truncated),
    '## Where eigenvalues leave the range of float64',
    table(range),
    FINITE_SIZE,
    METRICS,
    table(METRICS_COLUMNS),
    JOINED,
    table(JOINED_COLUMNS),
    LEARNED,
    table(LEARNED_COLUMNS),
    WEIGHTWATCHER,
  ].join('\n\n')}\n`;
}

function table(columns: readonly Column[]): string {
  const rows = columns.map(
    ([name, , label, unit, meaning]) => `| ${name} | ${label} | ${unit} | ${meaning} |`,
  );
  return ['| column | called | unit | meaning |', '|---|---|---|---|', ...rows].join('\n');
}

const INTRODUCTION = `# Metrics

Every column of \`spectra.csv\` and \`metrics.csv\`, and [where the numbers differ from
WeightWatcher's](#where-this-differs-from-weightwatcher-077). This page is generated from the table
of columns in \`src/spectra/columns.ts\` (\`npm run reference\`).

- **W** is the weight matrix, N its longer side, M its shorter one, Q = N/M >= 1.
- **The eigenvalues** lambda_1 <= ... <= lambda_M are those of X = W^T W, without the factor 1/N.
  They are the squares of the singular values of W.
- **The unit** of a column is w or w², w being that of the weights. Nothing but these columns and
  the logarithms of norms changes when W is multiplied by a number.
- **What cannot be had is empty**, never a number that stands for "none". The reason is in
  \`notes\`.
- **A convolution** of kh x kw positions gives kh*kw matrices of inputs x outputs. Their eigenvalues
  are pooled (\`num_evals\` = kh*kw*M). N and M are those of one of the matrices. The same holds for
  pooled runs of an ensemble.
- **Huge and tiny weights.** The eigenvalues of float64 weights from about 1e154 and below 1e-154
  leave the range of float64. Such weights are multiplied by a power of two, which changes no digit.
  What carries a scale is then that of W * 2^-k. k stands in \`scale_exponent\`, and \`notes\` says
  so. Logarithms and all other columns are those of W.
- **Rows of runs** carry their settings behind the run's name: \`batch_size\`, \`seed\`, and in
  snake case every other key in which the runs of the folder differ (\`learning_rate\`,
  \`l2_coefficient\`). At their end stands \`file\`, the weights file, seen from the results folder.

## In every row`;

const DEFINITIONS = `**Power-law modes.** \`paper\` and \`ww\` find another xmin, and so another alpha, for the same
spectrum. Compare only equal modes.

- \`paper\`: powerlaw 1.4.x with xmax = max, as the authors called it. It takes alpha from the
  likelihood that is not cut at xmax (the closed form above), but measures D against the law that
  is. powerlaw 2 limits alpha to 0..3 and cannot reproduce the paper.
- \`ww\`: WeightWatcher, xmax none. Below 20 eigenvalues alpha has n - 1 for n and tails hold 8 or
  more.
- \`hill\`: from the median on, no search (PL_Alpha_Hill of Zhou et al., NeurIPS 2023).

**Hard rank.** Storing W rounds every entry, and rounding is noise. Its singular values end where
those of noise end. An entry w is off by an error spread evenly over 2^-p |w| on either side. p is
the number of significant bits: 53 of float64, 24 of float32, 11 of float16, 8 of bfloat16, 4 and 3
of float8's e4m3 and e5m2. So the deviation s of an error is at most

    s^2 = (2^-p)^2 norm / (3 N M) + step^2 / 12

The step is what small entries are rounded to, 2^-24 of float16. Eigenvalues up to
(1.5 s (sqrt N + sqrt M))^2 cannot be told from 0. The factor 1.5 is for errors that are not equally
large, as in a product of heavy-tailed factors. The Gram matrix is formed in float64, which leaves
N eps64 lambda_max of an eigenvalue 0. Of pooled matrices each has its own limit.

With the weights at hand, no square of an entry counts in that norm for more than 30 times the mean
of what is then counted. A few entries of a heavy tail carry nearly all of the norm. They are
rounded coarsely where they stand, in directions in which W is large. The other directions see the
rounding of the other entries. Without the cap square noise of mu = 1.5 lost up to 24 % of its rank
in bfloat16 (256 and 512 columns), with it 0.8 %. From the eigenvalues alone
(\`--from-eigenvalues\`, where weights are float32) there is no cap.

Noise stored in bfloat16 keeps its rank to 0.8 % (square) or wholly (Q >= 2), products keep theirs
to 1 % ([calibration](../notebook/calibration.md#rank)).

**sigma_mp.**

- \`robust\`: all is bulk if, with sigma^2 = norm / num_evals, nothing lies above tw_edge. Otherwise
  sigma starts from the median eigenvalue. Those above tw_edge are taken for spikes, and sigma^2 = N
  sum(bulk) / ((N - k)(M - k)), as k spikes take as many degrees of freedom with them. This repeats
  until the count stays.
- \`edge\`, the authors' rule: drop the k largest, and let the law end at the next. Then sigma =
  sqrt(lambda_(M-k)) / (1 + Q^-1/2).`;

const WARNINGS = `## Warnings

\`warning\` names each rule that applies to the layer, parted by \`; \`. They are the rules of thumb of
their sources, not measurements of this project.

| warning | when | from |
|---|---|---|
${[...WARNING_RULES, ROUNDING_WARNING].map(({ warning, rule, source }) => `| ${warning} | ${rule} | ${source} |`).join('\n')}

alpha below 2 or above 6 is said of every layer, as WeightWatcher does, a random one too. Read it
with the phase. The last line of \`analyze\` counts warnings and phases of the model. It gives the
means of alpha, alpha_weighted and the log norms over its layers, as WeightWatcher's
\`get_summary\` does.`;
const TRUNCATED = `## \`snapshots.network\`

Errors of the network with its layers cut to their tails (SETOL, section 6), on the run's own
images. They need the engine. So \`run\` measures them after the training, keeps them in
\`truncated/<run-id>.csv\`, and joins them here. One pass over the images serves all cuts: what
stands before the first layer that is cut is computed once.`;

const FINITE_SIZE = `**Finite size.** An infinite matrix whose entries have a tail mu < 4 has alpha = 1 + mu/2. At M =
1000, Q = 2 the authors found alpha = 0.649 mu + 0.862 below mu = 2, and 1.21 mu - 0.0253 above.
Both are functions of the library (\`src/spectra/laws/tailExponents.ts\`).`;

const METRICS = `## metrics.csv

One row an epoch of a run.`;

const JOINED = `## Beside a spectrum

Figures, the page and \`compare\` join the rows of both files and the config. They add these.`;

const LEARNED = `## What was learned

\`figures DIR --learned\` takes two snapshots of a run at a time: each one and the first, each one and
the one before. These are the columns of the CSV beside the figure \`learned-by-epoch-<layer>\`.`;

const WEIGHTWATCHER = `## Where this differs from WeightWatcher 0.7.7

Names are the same where the quantity is. \`ww\` fits agree with it to 1e-8 on the golden spectra.

| | WeightWatcher | here | why |
|---|---|---|---|
| small weights | alpha = -1 'over-trained' when eigenvalues are below 1e-5 | fitted | an absolute limit depends on the scale of W |
| missing values | -1, NaN | empty, reason in notes | a number that is none gets averaged |
| hard rank | tolerance of float64: a float32 product of rank 250 has rank 500 | tolerance of the format of the weights | its rounding is not rank |
| entropy | divides by ln of that rank, adds 1e-10 to every p | ln of the hard rank, nothing added | |
| convolution | eigenvalues halved, N and M swapped for 16x32x4x4 | as they are | the factor is stated nowhere |
| detX | rounding is multiplied in as if it were eigenvalues | eigenvalues that are 0 make the product 0 | |
| sigma_mp | kernel density and a grid of sigma, the noise it says as a variance in one place, a deviation in another | a deviation, from the energy of the bulk | the grid ends at 0.0025 |
| mp_softrank | above 1 for noise | at most 1 | |
| edge | lambda_plus plus the square root of a fluctuation | Tracy-Widom 99 %, Johnstone's scaling | |
| randomization | one copy, not seeded | as many as asked for, seeded | a p-value needs many |
| log-normal | powerlaw's normalization cancels where the best log-normal is close to a power law, and reports R near -1 | ln erfc, no cancellation | |`;
