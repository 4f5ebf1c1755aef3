import { PAGE_VIEWS, type PageView, type SeedsShown } from './pageData.ts';

/** What the page shows just now; it stands in the address, so that a link leads to it. */
export interface PageState {
  /** Null: the first layer. */
  layer: string | null;
  /** The run whose spectrum is shown; null: the first. */
  run: string | null;
  /** Null: the last of each run. */
  epoch: number | null;
  view: PageView;
  seeds: SeedsShown;
  measure: string;
  against: 'epoch' | 'batch' | 'alpha';
}

export const FIRST_STATE: PageState = {
  layer: null,
  run: null,
  epoch: null,
  view: 'bulk',
  seeds: 'together',
  measure: 'stable_rank',
  against: 'epoch',
};

/** Returns the fragment of an address that leads to `state`: what differs from the first state, empty where nothing does. */
export function stateFragment(state: Partial<PageState>): string {
  const fields = new URLSearchParams();
  for (const [key, value] of Object.entries(state)) {
    if (value !== null && value !== FIRST_STATE[key as keyof PageState]) fields.set(key, String(value));
  }
  return fields.size === 0 ? '' : `#${fields}`;
}

/** Returns `state` with what a fragment says; what it does not say, or says of nothing that there is, stays. */
export function stateOf(fragment: string, state: PageState): PageState {
  const fields = new URLSearchParams(fragment.replace(/^#/, ''));
  const oneOf = <T extends string>(key: string, known: readonly T[], otherwise: T): T =>
    known.find((value) => value === fields.get(key)) ?? otherwise;
  const epoch = fields.get('epoch');
  return {
    layer: fields.get('layer') ?? state.layer,
    run: fields.get('run') ?? state.run,
    epoch: epoch !== null && /^\d+$/.test(epoch) ? Number(epoch) : state.epoch,
    view: oneOf('view', PAGE_VIEWS, state.view),
    seeds: oneOf('seeds', ['together', 'apart'], state.seeds),
    measure: fields.get('measure') ?? state.measure,
    against: oneOf('against', ['epoch', 'batch', 'alpha'], state.against),
  };
}

/** Returns whether a fragment names a spectrum, and so asks to be shown it. */
export const namesSpectrum = (fragment: string): boolean =>
  new URLSearchParams(fragment.replace(/^#/, '')).has('run');
