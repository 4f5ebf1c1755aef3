import { escapeMarkup } from '../../../base/escapeMarkup.ts';
import type { ExperimentState, RunState } from '../../../experiment/status/experimentStatus.ts';
import { count, duration } from '../../terminal/numberText.ts';
import { showPercent } from './html.ts';

/**
 * How the runs stand, as a page is told that is served while they train: of runs of this program, or in lines of text, of trainings
 * elsewhere. Null before there are any.
 */
export type Progress = Omit<ExperimentState, 'dir' | 'damage'> | { lines: readonly string[] } | null;

const STATES = ['done', 'running', 'failed', 'interrupted', 'waiting', 'damaged'] as const;
/** Most runs that are listed; the others are counted. */
const MOST_LISTED = 16;

/** Returns how the runs stand as markup: a line on all of them, and a row for each that is under way or that has gone wrong. */
export function progressPart(progress: Progress): string {
  if (progress === null) return '<p class="note">Nothing is there yet.</p>';
  if ('lines' in progress) {
    return `<ul class="lines">${progress.lines.map((line) => `<li>${escapeMarkup(line)}</li>`).join('')}</ul>`;
  }
  const counts = STATES.filter((state) => progress[state] > 0).map((state) => `${progress[state]} ${state}`);
  const open = progress.running + progress.waiting + progress.interrupted > 0;
  const left = open && progress.eta_s !== null ? `; left: ${duration(progress.eta_s)}` : '';
  const listed = progress.runs.filter(({ state }) => state !== 'done' && state !== 'waiting');
  const shown = listed.slice(0, MOST_LISTED);
  const more = listed.length - shown.length;
  return `<p class="summary">${counts.join(', ')}${left}</p>${
    shown.length === 0 ? '' : `<ul class="progress">${shown.map(runLine).join('')}</ul>`
  }${more === 0 ? '' : `<p class="note">and ${more} more</p>`}`;
}

function runLine(run: RunState): string {
  const name = escapeMarkup(run.run);
  if (run.state !== 'running') {
    const reason = run.error === null ? '' : `: ${run.error.split('\n')[0]}`;
    return `<li><b>${name}</b><span class="said">${run.state}${escapeMarkup(reason)}</span></li>`;
  }
  const part = run.step === null || run.steps === null ? 0 : run.step / run.steps;
  const epochs = run.epochs ?? 0;
  const share = epochs === 0 ? 0 : Math.min(1, (run.epoch + part) / epochs);
  const facts = [
    `epoch ${run.epoch} of ${run.epochs ?? '?'}`,
    ...(run.images_per_second === null ? [] : [`${count(run.images_per_second)} images/s`]),
    ...(run.test_accuracy === null ? [] : [`test ${showPercent(run.test_accuracy)}`]),
    ...(run.eta_s === null ? [] : [`left: ${duration(run.eta_s)}`]),
  ];
  return `<li><b>${name}</b><progress max="1" value="${share.toFixed(4)}" aria-label="${name}"></progress>
<span class="said">${facts.join(', ')}</span></li>`;
}
