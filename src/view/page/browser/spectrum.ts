import { escapeMarkup } from '../../../base/escapeMarkup.ts';
import { COLUMN_OF, isNumeric } from '../../../spectra/columns.ts';
import { DIFF_COLUMN_OF } from '../../../spectra/diffColumns.ts';
import { esdLegend } from '../../figures/esdPanels.ts';
import { breakable, legendList, phaseBadge, showNumber } from '../content/html.ts';
import type { PageSpectrum } from '../content/pageData.ts';
import { spectrumAt } from '../content/pageIndex.ts';
import { stateFragment } from '../content/pageState.ts';
import { PAGE_COLORS } from './chart.ts';
import { downloadBins, drawSpectrum, otherView, titleOf } from './densities.ts';
import { byId, fillMenu } from './dom.ts';
import type { Part, StateHolder, View } from './view.ts';

/** The columns that stand beside a spectrum; all others wait behind a click. */
const FACTS = [
  'alpha',
  'D',
  'xmin',
  'num_pl_spikes',
  'lambda_max',
  'lambda_plus',
  'tw_edge',
  'sigma_mp',
  'bulk_ks',
  'num_spikes',
  'stable_rank',
  'mp_softrank',
  'entropy',
  'rank_loss',
  'num_traps',
];
const HEIGHT = 300;

/** Returns the part that draws the chosen spectrum, twice, with what its label rests on. */
export function spectrumPart(holder: StateHolder): Part {
  const menu = byId<HTMLSelectElement>('run');
  const facts = byId('facts');
  let current: View | null = null;
  menu.addEventListener('change', () => holder.change({ run: menu.value }));
  byId('spectrum-csv').addEventListener('click', () => {
    const spectrum = current === null ? undefined : chosen(current);
    if (spectrum !== undefined) downloadBins(current!, [spectrum], 'density.csv');
  });
  return (view) => {
    current = view;
    const { index, layer, run, state } = view;
    const runs = index.everyRun.filter(({ id }) => index.series(id, layer).length > 0);
    fillMenu(
      menu,
      runs.map(({ id }) => [id, id]),
      run.id,
    );
    const spectrum = chosen(view);
    if (spectrum === undefined) {
      facts.textContent = 'No spectrum of this layer in this run.';
      for (const id of ['spectrum-chart', 'spectrum-second', 'spectrum-legend']) byId(id).replaceChildren();
      return;
    }
    const series = index.series(run.id, layer);
    drawSpectrum(byId('spectrum-chart'), spectrum, view, { height: HEIGHT, series });
    const second = otherView(state.view);
    if (spectrum.histograms === null) byId('spectrum-second').replaceChildren();
    else drawSpectrum(byId('spectrum-second'), spectrum, view, { height: HEIGHT, series, view: second });
    byId('spectrum-legend').innerHTML = legendList(esdLegend('log', PAGE_COLORS));
    const open = facts.querySelector('details')?.open === true;
    facts.innerHTML = factsOf(spectrum, run.notLearned);
    const more = facts.querySelector('details');
    if (more !== null) more.open = open;
    const { epoch } = spectrum.row;
    byId<HTMLAnchorElement>('link').href = stateFragment({ ...state, run: run.id, layer, epoch });
  };
}

const chosen = ({ index, run, layer, state }: View): PageSpectrum | undefined =>
  spectrumAt(index.series(run.id, layer), state.epoch);

function factsOf({ row }: PageSpectrum, notLearned: string | null): string {
  const doubt = [
    ...(row.phase_confidence === null ? [] : [`confidence ${showNumber(row.phase_confidence, 2)}`]),
    ...(row.phase_ambiguous === true ? ['ambiguous'] : []),
    ...(row.phase_runner_up === null ? [] : [`runner-up ${row.phase_runner_up}`]),
  ].join(', ');
  const evidence = (row.phase_evidence ?? '').split(/;\s*/).filter((part) => part !== '');
  const numeric = [...COLUMN_OF.values()].filter(isNumeric).map(([name]) => name);
  const others = Object.keys(row).filter((name) => !COLUMN_OF.has(name) && typeof row[name] === 'number');
  const further = [...numeric, ...others].filter(
    (name) => name !== 'epoch' && !FACTS.includes(name) && (row[name] ?? null) !== null,
  );
  return `<h3>${breakable(titleOf(row))}</h3>
<p>${phaseBadge(row)}</p>${notLearned === null ? '' : `<p class="warning">not learned: ${escapeMarkup(notLearned)}</p>`}${doubt === '' ? '' : `<p class="note">${doubt}</p>`}
${row.warning == null ? '' : `<p class="warning">warning: ${escapeMarkup(row.warning)}</p>`}
${evidence.length === 0 ? '' : `<p class="note">Evidence</p><ul>${evidence.map((part) => `<li>${escapeMarkup(part)}</li>`).join('')}</ul>`}
<dl>${FACTS.filter((name) => row[name] !== undefined)
    .map((name) => fact(row, name))
    .join('')}</dl>
${further.length === 0 ? '' : `<details><summary>Further columns</summary><dl>${further.map((name) => fact(row, name)).join('')}</dl></details>`}
${row.notes === null ? '' : `<p class="note">${escapeMarkup(row.notes)}</p>`}`;
}

function fact(row: PageSpectrum['row'], name: string): string {
  const [, , label, , meaning] = COLUMN_OF.get(name) ?? DIFF_COLUMN_OF.get(name) ?? [name, '', name, '', ''];
  const value = row[name] ?? null;
  return `<dt title="${escapeMarkup(meaning)}">${escapeMarkup(label)}</dt><dd>${showNumber(typeof value === 'number' ? value : null, 4)}</dd>`;
}
