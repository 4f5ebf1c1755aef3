import { escapeMarkup } from '../../base/escapeMarkup.ts';
import { joinRows } from '../../experiment/results/joinRows.ts';
import { PHASES } from '../../spectra/phase.ts';
import { provenanceSection } from './provenance.ts';
import type { ReportInput } from './reportInput.ts';
import { reportPayload } from './reportPayload.ts';
import { reproductionSection } from './reproduction.ts';
import { runTable } from './runTable.ts';
import { pageChartScript } from './script/chart.ts';
import { epochSliderScript } from './script/epochSlider.ts';
import { pageEsdScript } from './script/esd.ts';
import { measuresScript } from './script/measures.ts';
import { phaseMapScript } from './script/phaseMap.ts';
import { runTableScript } from './script/runTable.ts';
import { pageViewsScript } from './script/views.ts';
import { pageStyle } from './style.ts';
import { summarySection } from './summary.ts';

/** Nothing may be fetched: the page is complete. */
const CONTENT_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:";

/** Sections by the id of their heading; one that the folder has no data for is left out. */
const SECTIONS: readonly { id: string; title: string; shown: (input: ReportInput) => boolean }[] = [
  { id: 'summary', title: 'Phases', shown: () => true },
  { id: 'runs', title: 'Runs', shown: () => true },
  { id: 'reproduction', title: 'Reproduction', shown: ({ reproduction }) => reproduction.length > 0 },
  ...[
    { id: 'densities', title: 'Densities' },
    { id: 'explorer', title: 'Layer by epoch' },
    { id: 'measures', title: 'Measures' },
    { id: 'map', title: 'Phase map' },
  ].map((section) => ({ ...section, shown: ({ spectra }: ReportInput) => spectra.length > 0 })),
  { id: 'provenance', title: 'Provenance', shown: () => true },
];

/**
 * Returns one self-contained HTML page on a results folder: it fetches nothing, and the same input gives the same bytes. Spectra
 * are embedded binned (src/view/page/esdHistograms.ts), numbers to six digits; the folder's CSV files have them in full.
 */
export function buildReport(input: ReportInput): string {
  const rows = joinRows(input.spectra, input.runs);
  const payload = reportPayload(input, rows);
  const { name, description } = input.experiment;
  const layers = new Set(rows.map((row) => row.layer)).size;
  const counts = [
    plural(input.runs.length, 'run'),
    plural(layers, 'layer'),
    plural(rows.length, 'spectrum', 'spectra'),
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${CONTENT_POLICY}">
<link rel="icon" href="data:,">
<title>${escapeMarkup(name)} \u2013 phasewatch</title>
<style>${pageStyle}</style>
</head>
<body>
<header>
<div><h1>${escapeMarkup(name)}</h1>
<p class="lead">${description === null ? '' : `${escapeMarkup(description)} \u2013 `}${counts.join(', ')}.</p>
<nav aria-label="Sections"><ul>${SECTIONS.filter(({ shown }) => shown(input))
    .map(({ id, title }) => `<li><a href="#${id}">${title}</a></li>`)
    .join('')}</ul></nav></div>
<button type="button" id="theme">Theme: auto</button>
</header>
<main>
<section id="summary" aria-labelledby="summary-title"><h2 id="summary-title">Phases</h2>
${damageNote(input.damage ?? [])}${summarySection(rows)}</section>
<section id="runs" aria-labelledby="runs-title"><h2 id="runs-title">Runs</h2>
<p class="note">Each layer at the last analyzed epoch of its run. A click on a heading sorts.</p>
<div class="controls"><label>Filter<input type="search" id="run-filter" autocomplete="off"></label>
<label>Phase<select id="phase-filter"><option value="">all</option>${PHASES.map((phase) => `<option>${phase}</option>`).join('')}</select></label>
<button type="button" class="download" id="run-csv">CSV</button><span class="note" id="run-count" role="status"></span></div>
${runTable(rows, input.runs)}</section>
${input.reproduction.length === 0 ? '' : `<section id="reproduction" aria-labelledby="reproduction-title"><h2 id="reproduction-title">The authors' numbers, and these</h2>\n${reproductionSection(input.reproduction)}</section>`}
${rows.length === 0 ? '' : chartSections}
<section id="provenance" aria-labelledby="provenance-title"><h2 id="provenance-title">Provenance</h2>
${provenanceSection(input)}</section>
</main>
<footer>Made by phasewatch. The page is complete in itself and fetches nothing.</footer>
<script type="application/octet-stream" id="data-json">${payload.json}</script>
<script type="application/octet-stream" id="data-counts">${payload.histograms}</script>
<script>'use strict';${pageChartScript}${pageEsdScript}${measuresScript}${phaseMapScript}${runTableScript}${epochSliderScript}${pageViewsScript}</script>
</body>
</html>
`;
}

const viewOptions = (chosen: string): string =>
  [
    ['bulk', 'bulk and edge'],
    ['full', 'whole spectrum'],
    ['log', 'log-log with power law'],
  ]
    .map(([value, text]) => `<option value="${value}"${value === chosen ? ' selected' : ''}>${text}</option>`)
    .join('');

const esdLegend = `<ul class="legend"><li><i class="fill" style="--stroke: var(--bar)"></i>eigenvalues of W\u1d40W</li>
<li><i class="fill" style="--stroke: var(--spike)"></i>spikes</li><li><i style="--stroke: var(--mp)"></i>Marchenko-Pastur fit</li>
<li><i style="--stroke: var(--mp); border-top-style: dashed"></i>its edge</li><li><i style="--stroke: var(--mp); border-top-style: dotted"></i>Tracy-Widom 99 %</li>
<li><i style="--stroke: var(--tail); border-top-style: dashed"></i>power law (log-log)</li></ul>`;

const chartSections = `<section id="densities" aria-labelledby="densities-title"><h2 id="densities-title">Spectral density by batch size</h2>
<p class="note">Last epoch; one run of each setting, the first seed. The fitted law is scaled to the share of eigenvalues that are not spikes.</p>
<div class="controls"><label>Layer<select id="grid-layer"></select></label><label>View<select id="grid-view">${viewOptions('bulk')}</select></label>
<button type="button" class="download" id="grid-csv">CSV</button><span class="note" id="grid-note"></span></div>
<div class="grid" id="esd-grid"></div>${esdLegend}</section>
<section id="explorer" aria-labelledby="explorer-title"><h2 id="explorer-title">One layer, epoch by epoch</h2>
<div class="controls"><label>Run<select id="ex-run"></select></label><label>Layer<select id="ex-layer"></select></label>
<label>View<select id="ex-view">${viewOptions('bulk')}</select></label><label class="check"><input type="checkbox" id="ex-hold" checked>hold the axes</label>
<button type="button" class="download" id="ex-csv">CSV</button></div>
<div class="slider"><button type="button" id="ex-play">Play</button><input type="range" id="ex-epoch" min="0" max="0" step="1" aria-label="Epoch"><output id="ex-shown" for="ex-epoch"></output></div>
<div class="explorer"><div><div id="ex-chart"></div>${esdLegend}</div><div class="facts" id="ex-facts"></div></div></section>
<section id="measures" aria-labelledby="measures-title"><h2 id="measures-title">Measures</h2>
<div class="controls"><label>Measure<select id="me-measure"></select></label><label>Layer<select id="me-layer"></select></label>
<label>Against<select id="me-against"><option value="epoch">epoch</option><option value="batch">batch size</option><option value="alpha">alpha</option></select></label>
<label>Lines<select id="me-lines"><option value="run">each run</option><option value="group">mean over seeds</option></select></label>
<button type="button" class="download" id="me-csv">CSV</button></div>
<div id="me-chart"></div><ul class="legend" id="me-legend"></ul></section>
<section id="map" aria-labelledby="map-title"><h2 id="map-title">Phase map</h2>
<p class="note">${PHASES.map((phase, i) => `<span class="badge" style="--fill: var(--phase-${i})">${phase}</span>`).join(' ')} A question mark: ambiguous.</p>
<div class="controls"><label>Layer<select id="map-layer"></select></label><button type="button" class="download" id="map-csv">CSV</button></div>
<div id="map-chart"></div></section>`;

/** What the page lacks must not look as if it had never been. */
function damageNote(damage: readonly string[]): string {
  if (damage.length === 0) return '';
  const items = damage.map((line) => `<li>${escapeMarkup(line)}</li>`).join('');
  return `<p class="note">Files that could not be read, so that what they hold is missing here:</p><ul class="note">${items}</ul>`;
}

function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
