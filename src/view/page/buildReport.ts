import { escapeMarkup } from '../../base/escapeMarkup.ts';
import { type PageData, pageData } from './content/pageData.ts';
import { type PagePayload, packPage } from './content/pagePayload.ts';
import { type PageSection, part, SECTIONS } from './content/pageSections.ts';
import { type Progress, progressPart } from './content/progressPart.ts';
import type { ReportInput } from './content/reportInput.ts';
import { pageScript } from './pageScript.ts';
import { pageStyle } from './style.ts';

/** What makes the page one that is served while runs go on. */
export interface LivePage {
  /**
   * Address on the page's own server from which server-sent events move it: each event `page` carries a PagePayload as JSON, each
   * event `progress` how the runs stand. Without one the page is complete in itself and fetches nothing.
   */
  events: string;
  progress: Progress;
}

/**
 * Returns one self-contained HTML page on a results folder: it fetches nothing, and the same input gives the same bytes. Spectra
 * are embedded binned (src/view/figures/esdHistogram.ts), numbers to six digits; the folder's CSV files have them in full.
 */
export function buildReport(input: ReportInput, live: LivePage | null = null): string {
  return pageMarkup(pageData(input), live);
}

/** Returns the page of data that are made already. */
export function pageMarkup(data: PageData, live: LivePage | null): string {
  return `<!doctype html>
<html lang="en"${live === null ? '' : ` data-events="${escapeMarkup(live.events)}"`}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${contentPolicy(live !== null)}">
<link rel="icon" href="data:,">
<title>${escapeMarkup(data.name)} \u2013 phasewatch</title>
<style>${pageStyle}</style>
</head>
<body>
<header>
${part('lead', data)}
<button type="button" id="theme">Theme: auto</button>
<nav aria-label="Sections"><ul>${SECTIONS.map((section) => `<li${hiddenUnless(section.shown(data))} data-to="${section.id}"><a href="#${section.id}">${section.name}</a></li>`).join('')}</ul></nav>
</header>
<main>
${live === null ? '' : `${liveSection(live.progress)}\n`}${SECTIONS.map((section) => sectionMarkup(section, data)).join('\n')}
</main>
<footer>Made by phasewatch. ${live === null ? 'The page is complete in itself and fetches nothing.' : 'The page listens to the machine that it came from, and to nothing else.'}</footer>
${payloadMarkup(packPage(data))}
<script>${pageScript()}</script>
</body>
</html>
`;
}

function sectionMarkup({ id, title, shown, body }: PageSection, data: PageData): string {
  return `<section id="${id}" aria-labelledby="${id}-title"${hiddenUnless(shown(data))}><h2 id="${id}-title" tabindex="-1">${title(data)}</h2>
${body(data)}</section>`;
}

function liveSection(progress: Progress): string {
  return `<section id="live" aria-labelledby="live-title"><h2 id="live-title" tabindex="-1">Training</h2>
<div id="progress">${progressPart(progress)}</div><p class="note" id="connection" role="status"></p></section>`;
}

function payloadMarkup({ json, histograms }: PagePayload): string {
  return `<script type="application/octet-stream" id="data-json">${json}</script>
<script type="application/octet-stream" id="data-histograms">${histograms}</script>`;
}

/** Nothing may be fetched: the page is complete. A page that is served may listen to its own server. */
function contentPolicy(listens: boolean): string {
  const policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:";
  return listens ? `${policy}; connect-src 'self'` : policy;
}

const hiddenUnless = (shown: boolean): string => (shown ? '' : ' hidden');
