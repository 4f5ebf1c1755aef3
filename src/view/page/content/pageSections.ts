import { escapeMarkup } from '../../../base/escapeMarkup.ts';
import { PHASES } from '../../../spectra/phase.ts';
import { differenceSection } from './difference.ts';
import { plural } from './html.ts';
import { modelsSection } from './models.ts';
import { NO_RUN, type PageData, type SeedsShown } from './pageData.ts';
import { FIRST_STATE } from './pageState.ts';
import { provenanceSection } from './provenance.ts';
import { reproductionSection } from './reproduction.ts';
import { runTable } from './runTable.ts';
import { phaseCards, summarySection } from './summary.ts';

/** A part of the page whose text follows from the data alone: it is written in Node, and again in the browser when the data change. */
export const TEXT_PARTS = {
  lead: leadPart,
  models: modelsSection,
  difference: differenceSection,
  damage: damagePart,
  phases: summarySection,
  cards: phaseCards,
  runs: runTable,
  numbers: ({ reproduction }: PageData): string => reproductionSection(reproduction),
  provenance: provenanceSection,
} as const satisfies Readonly<Record<string, (data: PageData, seeds: SeedsShown) => string>>;

type TextPart = keyof typeof TEXT_PARTS;

export interface PageSection {
  id: string;
  /** What the list of sections calls it. */
  name: string;
  title(data: PageData): string;
  /** Whether there is anything to show in it. */
  shown(data: PageData): boolean;
  body(data: PageData): string;
}

const hasSpectra = ({ spectra }: PageData): boolean => spectra.length > 0;

/** The sections in the order in which one wants to see them. */
export const SECTIONS: readonly PageSection[] = [
  {
    id: 'phases',
    name: 'Phases',
    title: () => 'Phases',
    shown: ({ weights }) => !weights,
    body: (
      data,
    ) => `${part('damage', data)}<div class="controls" id="seeds-control" hidden><label>Runs that differ by seed<select id="seeds"><option value="together">together: pooled spectra, means</option><option value="apart">each for itself</option></select></label></div>
${part('phases', data)}<div class="maps" id="maps"></div>
<details class="where"><summary>What each phase means, and where it was seen</summary>${part('cards', data)}</details>`,
  },
  {
    id: 'models',
    name: 'Summary',
    title: () => 'Summary',
    shown: ({ weights }) => weights,
    body: (data) =>
      `${part('damage', data)}${part(data.difference === null ? 'models' : 'difference', data)}`,
  },
  {
    id: 'depth',
    name: 'Alpha by depth',
    title: () => 'Alpha by depth',
    shown: (data) => data.weights && data.difference === null && hasSpectra(data),
    body: () =>
      `<p class="note">A dot a layer, in the colour of its phase; dashed 2 and 6, between which well-trained layers are expected. A click shows its spectrum.</p><div class="maps" id="depth-grid"></div><div id="depth-legend"></div>`,
  },
  {
    id: 'change',
    name: 'Change by depth',
    title: () => 'Change by depth',
    shown: (data) => data.difference !== null && hasSpectra(data),
    body: () =>
      `<p class="note">A dot a layer; a click shows the spectrum of its change. Overlap: mean squared cosine between the spaces of the leading singular vectors, on the shorter side; 1 is the same space.</p><div class="grid wide" id="change-grid"></div><div id="change-legend"></div>`,
  },
  {
    id: 'densities',
    name: 'Densities',
    title: ({ weights, difference, runs }) =>
      difference !== null
        ? 'Spectral density of B - A, layer by layer'
        : weights
          ? 'Spectral density of each layer'
          : runs.length === 1
            ? 'Spectral density'
            : runs.some(({ batchSize }) => batchSize !== null)
              ? 'Spectral density by batch size'
              : 'Spectral density of each run',
    shown: hasSpectra,
    body: () => `<div class="bar controls"><label>Layer<select id="layer"></select></label>
<label>View<select id="view"><option value="bulk">bulk and edge</option><option value="linear">whole spectrum</option><option value="log">log-log with power law</option></select></label>
<div class="slider"><button type="button" id="play">Play</button><input type="range" id="epoch" min="0" max="0" step="1" aria-label="Epoch"><output id="epoch-shown" for="epoch"></output></div>
<button type="button" class="download" id="densities-csv">CSV</button></div>
<p class="note" id="densities-note"></p>
<div class="grid" id="density-grid"></div><div id="densities-legend"></div>`,
  },
  {
    id: 'spectrum',
    name: 'One spectrum',
    title: () => 'One spectrum and its evidence',
    shown: hasSpectra,
    body: ({
      weights,
      difference,
    }) => `<div class="controls"><label>${difference !== null ? 'Difference' : weights ? 'File' : 'Run'}<select id="run"></select></label>
<button type="button" class="download" id="spectrum-csv">CSV</button><a class="note" id="link" href="#">Link to this spectrum</a></div>
<div class="explorer"><div class="charts"><div id="spectrum-chart"></div><div id="spectrum-second"></div><div id="spectrum-legend"></div></div><div class="facts" id="facts"></div></div>`,
  },
  {
    id: 'gap',
    name: 'Gap against alpha',
    title: () => 'Generalization gap against alpha',
    // One run alone is compared with nothing.
    shown: ({ spectra }) =>
      new Set(spectra.flatMap(({ row }) => (row.gap !== null && row.alpha !== null ? [row.run] : []))).size >
      1,
    body: () =>
      `<p class="note">At the last analyzed epoch, a point a run, or the mean over seeds with one standard deviation on either side; a click shows the spectrum.</p><div class="grid wide" id="gap-grid"></div><div id="gap-legend"></div>`,
  },
  {
    id: 'curves',
    name: 'Learning curves',
    title: () => 'Learning curves',
    shown: ({ metrics }) => metrics.length > 0,
    body: () => `<div class="grid wide" id="curve-grid"></div><div id="curves-legend"></div>`,
  },
  {
    id: 'measures',
    name: 'Measures',
    title: () => 'Any measure',
    shown: (data) => !data.weights && hasSpectra(data),
    body: () => `<div class="controls"><label>Measure<select id="measure"></select></label>
<label>Against<select id="against"><option value="epoch">epoch</option><option value="batch">batch size</option><option value="alpha">alpha</option></select></label>
<button type="button" class="download" id="measure-csv">CSV</button></div>
<div id="measure-chart"></div><div id="measure-legend"></div>`,
  },
  {
    id: 'runs',
    name: 'Table',
    title: ({ weights }) => (weights ? 'Layers' : 'Runs'),
    shown: () => true,
    body: (
      data,
    ) => `<p class="note">${data.weights ? '' : 'Each layer at the last analyzed epoch of its run; a run without spectra at its last. '}A click on a heading sorts, a click on a row shows its spectrum.</p>
<div class="controls"><label>Filter<input type="search" id="run-filter" autocomplete="off"></label>
<label>Phase<select id="phase-filter"><option value="">all</option>${PHASES.map((phase) => `<option>${phase}</option>`).join('')}</select></label>
<button type="button" class="download" id="run-csv">CSV</button><span class="note" id="run-count" role="status"></span></div>
${part('runs', data)}`,
  },
  {
    id: 'reproduction',
    name: 'Reproduction',
    title: () => "The authors' numbers, and these",
    shown: ({ reproduction }) => reproduction.length > 0,
    body: (data) => part('numbers', data),
  },
  {
    id: 'provenance',
    name: 'Provenance',
    title: () => 'Provenance',
    shown: () => true,
    body: (data) => part('provenance', data),
  },
];

/** Returns a text part in the element that it is written into again. */
export function part(name: TextPart, data: PageData): string {
  return `<div data-part="${name}">${TEXT_PARTS[name](data, FIRST_STATE.seeds)}</div>`;
}

function leadPart({ name, description, weights, difference, runs, spectra }: PageData): string {
  const layers = new Set(spectra.map(({ row }) => row.layer)).size;
  const single = new Set(runs.filter(({ members }) => members.length === 1).map(({ id }) => id));
  const own = spectra.filter(({ row }) => single.has(row.run ?? NO_RUN)).length;
  const counts = [
    ...(difference === null ? [plural(single.size, weights ? 'file' : 'run')] : []),
    plural(layers, 'layer'),
    plural(own, 'spectrum', 'spectra'),
  ];
  return `<h1>${escapeMarkup(name)}</h1>
<p class="lead">${description === null ? '' : `${escapeMarkup(description)} \u2013 `}${counts.join(', ')}.</p>`;
}

/** What the page lacks must not look as if it had never been. */
function damagePart({ damage }: PageData): string {
  if (damage.length === 0) return '';
  const items = damage.map((line) => `<li>${escapeMarkup(line)}</li>`).join('');
  return `<p class="note">Files that could not be read, so that what they hold is missing here:</p><ul class="note">${items}</ul>`;
}
