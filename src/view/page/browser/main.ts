import type { PageData } from '../content/pageData.ts';
import { type PagePayload, unpackPage } from '../content/pagePayload.ts';
import { SECTIONS, TEXT_PARTS } from '../content/pageSections.ts';
import { namesSpectrum, type PageState, stateOf } from '../content/pageState.ts';
import { changePart } from './change.ts';
import { gapPart, learningCurvesPart } from './curves.ts';
import { densitiesPart } from './densities.ts';
import { depthPart } from './depth.ts';
import { byId, setUpTheme } from './dom.ts';
import { epochsPart } from './epochSlider.ts';
import { followRuns } from './live.ts';
import { mapsPart } from './maps.ts';
import { measuresPart } from './measures.ts';
import { spectrumPart } from './spectrum.ts';
import { setUpTables } from './tables.ts';
import { holdState, type Part, viewOf } from './view.ts';

/** A part, the section it stands in, and what of the state it shows. */
interface PlacedPart {
  section: string;
  part: Part;
  uses: readonly (keyof PageState)[];
}

/** The page: what it holds, and the parts that draw it. */
function start(): void {
  let data: PageData = unpackPage({
    json: byId('data-json').textContent,
    histograms: byId('data-histograms').textContent,
  });
  setUpTheme(byId('theme'));
  const tables = setUpTables(() => data);
  const redraw = (changed: readonly (keyof PageState)[]): void =>
    draw(parts.filter(({ uses }) => uses.some((key) => changed.includes(key))));
  const holder = holdState(redraw);
  const parts: readonly PlacedPart[] = [
    { section: 'runs', part: writeTexts, uses: ['seeds'] },
    { section: 'phases', part: mapsPart(byId('maps')), uses: ['seeds'] },
    { section: 'depth', part: depthPart(), uses: [] },
    { section: 'change', part: changePart(), uses: [] },
    { section: 'densities', part: epochsPart(holder), uses: ['layer', 'view', 'epoch', 'seeds'] },
    { section: 'densities', part: densitiesPart(), uses: ['layer', 'view', 'epoch', 'seeds'] },
    { section: 'spectrum', part: spectrumPart(holder), uses: ['run', 'layer', 'view', 'epoch', 'seeds'] },
    { section: 'gap', part: gapPart(), uses: ['seeds'] },
    { section: 'curves', part: learningCurvesPart(), uses: ['seeds'] },
    { section: 'measures', part: measuresPart(holder), uses: ['layer', 'measure', 'against', 'seeds'] },
  ];

  /** Writes the text that follows from the data anew. */
  function writeTexts(): void {
    for (const [name, text] of Object.entries(TEXT_PARTS)) {
      const part = document.querySelector(`[data-part="${name}"]`);
      if (part !== null) part.innerHTML = text(data, holder.state.seeds);
    }
    tables.refresh();
  }

  function draw(wanted: readonly PlacedPart[]): void {
    const view = viewOf(data, holder.state);
    if (view === null) return;
    for (const { section, part } of wanted) {
      const { shown } = SECTIONS.find(({ id }) => id === section)!;
      if (shown(data) && (section !== 'phases' || data.spectra.length > 0)) part(view);
    }
  }

  /** Shows new data in the place of the old; what the reader has chosen stays. */
  function update(payload: PagePayload): void {
    data = unpackPage(payload);
    for (const { id, shown } of SECTIONS) {
      byId(id).hidden = !shown(data);
      document.querySelector<HTMLElement>(`[data-to="${id}"]`)!.hidden = !shown(data);
    }
    draw(parts);
  }

  addEventListener('hashchange', () => {
    if (!location.hash.includes('=')) return;
    const before = holder.state;
    holder.state = stateOf(location.hash, before);
    redraw((Object.keys(before) as (keyof PageState)[]).filter((key) => before[key] !== holder.state[key]));
    if (namesSpectrum(location.hash)) showSpectrum();
  });
  let width = document.body.clientWidth;
  addEventListener('resize', () => {
    if (document.body.clientWidth === width) return;
    width = document.body.clientWidth;
    draw(parts);
  });
  draw(parts);
  if (namesSpectrum(location.hash)) showSpectrum();
  followRuns(update);
  document.documentElement.dataset.ready = 'true';
}

/** Goes where the chosen spectrum is shown. */
function showSpectrum(): void {
  byId('spectrum').scrollIntoView();
  byId('spectrum-title').focus({ preventScroll: true });
}

start();
