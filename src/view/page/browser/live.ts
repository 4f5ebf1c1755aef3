import type { PagePayload } from '../content/pagePayload.ts';
import { type Progress, progressPart } from '../content/progressPart.ts';
import { byId } from './dom.ts';

/** Follows the runs, where the page comes from a server that tells of them: each event `page` is handed to `update`. */
export function followRuns(update: (payload: PagePayload) => void): void {
  const { events } = document.documentElement.dataset;
  if (events === undefined) return;
  const source = new EventSource(events);
  const state = byId('connection');
  source.addEventListener('open', () => {
    state.textContent = 'The page moves with the training.';
  });
  // The browser tries again by itself.
  source.addEventListener('error', () => {
    state.textContent = 'Nobody serves this page any more; it goes on when phasewatch watches again.';
  });
  source.addEventListener('progress', (event) => {
    byId('progress').innerHTML = progressPart(JSON.parse(event.data) as Progress);
  });
  source.addEventListener('page', (event) => update(JSON.parse(event.data) as PagePayload));
}
