import { PAGE_VIEWS, type PageView } from '../content/pageData.ts';
import { byId, fillMenu } from './dom.ts';
import type { Part, StateHolder, View } from './view.ts';

/** Milliseconds of an epoch while they play: all of them in six seconds. */
const pace = (epochs: number): number => Math.max(120, Math.min(600, 6000 / epochs));

/** Returns the part that holds layer, view, epoch and seeds: one slider moves every density. */
export function epochsPart(holder: StateHolder): Part {
  const layer = byId<HTMLSelectElement>('layer');
  const view = byId<HTMLSelectElement>('view');
  const slider = byId<HTMLInputElement>('epoch');
  const play = byId<HTMLButtonElement>('play');
  const seeds = byId<HTMLSelectElement>('seeds');
  seeds.addEventListener('change', () =>
    holder.change({ seeds: seeds.value === 'apart' ? 'apart' : 'together', run: null }),
  );
  let current: View | null = null;
  let timer: ReturnType<typeof setInterval> | null = null;
  const stop = (): void => {
    if (timer !== null) clearInterval(timer);
    timer = null;
    play.textContent = 'Play';
  };
  const goTo = (place: number): void => {
    const epochs = current?.epochs ?? [];
    // The last one is not named, so that it stays the last while epochs are added.
    holder.change({ epoch: place >= epochs.length - 1 ? null : (epochs[place] ?? null) });
  };
  layer.addEventListener('change', () => holder.change({ layer: layer.value }));
  view.addEventListener('change', () =>
    holder.change({ view: PAGE_VIEWS.find((known) => known === view.value) as PageView }),
  );
  slider.addEventListener('input', () => {
    stop();
    goTo(slider.valueAsNumber);
  });
  play.addEventListener('click', () => {
    if (timer !== null) return stop();
    if (slider.value === slider.max) goTo(0);
    play.textContent = 'Pause';
    timer = setInterval(
      () => {
        goTo(slider.valueAsNumber + 1);
        if (slider.value === slider.max) stop();
      },
      pace(current?.epochs.length ?? 1),
    );
  });
  return (now) => {
    current = now;
    fillMenu(
      layer,
      now.index.layers.map((name) => [name, name]),
      now.layer,
    );
    view.value = now.state.view;
    seeds.value = now.state.seeds;
    byId('seeds-control').hidden = now.data.runs.every(({ members }) => members.length === 1);
    const last = Math.max(0, now.epochs.length - 1);
    const at =
      now.state.epoch === null ? last : now.epochs.findLastIndex((epoch) => epoch <= now.state.epoch!);
    slider.max = String(last);
    slider.value = String(Math.max(0, at));
    slider.disabled = play.disabled = last === 0;
    slider.parentElement!.hidden = now.data.weights && last === 0;
    const shown = `epoch ${now.epochs[slider.valueAsNumber] ?? 0}`;
    byId('epoch-shown').textContent = shown;
    slider.setAttribute('aria-valuetext', shown);
  };
}
