import { escapeMarkup } from '../../../base/escapeMarkup.ts';
import type { PageData } from './pageData.ts';

/** More values of a fact than this wait behind a click. */
const MOST_LINES = 3;

/** Returns how the numbers are defined, with what the runs were made, and the experiment as it was resolved. */
export function provenanceSection({ weights, provenance, yaml }: PageData): string {
  const facts = provenance.map(([name, values]) => {
    const lines = values.map((value) => `<div>${escapeMarkup(value)}</div>`).join('');
    const long = values.length > MOST_LINES;
    return `<dt>${name}</dt><dd>${long ? `<details><summary>${values.length} different</summary>${lines}</details>` : lines}</dd>`;
  });
  return `<p>Eigenvalues are of W\u1d40W without 1/N, W being N x M with N \u2265 M; sigma is \u221aN times the standard deviation of an entry.${weights ? '' : ' The curves of training accuracy and loss are means over the epoch while it was trained (dropout on, L2 penalty in the loss); test figures are of the state after it, and so is the training accuracy of the table and the gap where it was evaluated.'}</p>
<dl class="provenance">${facts.join('')}</dl>
${yaml === null ? '' : `<details><summary>experiment.yaml</summary><pre tabindex="0">${escapeMarkup(yaml)}</pre></details>`}`;
}
