import type { PageData } from '../content/pageData.ts';
import { type PageIndex, pageIndex } from '../content/pageIndex.ts';
import type { PageRun } from '../content/pageRun.ts';
import { FIRST_STATE, type PageState, stateFragment, stateOf } from '../content/pageState.ts';
import { PAGE_COLORS } from './chart.ts';

/** What every part of the page is drawn from. */
export interface View {
  data: PageData;
  index: PageIndex;
  state: PageState;
  /** The layer and the run shown, those of the state where they exist. */
  layer: string;
  run: PageRun;
  /** Epochs that some spectrum of the layer has in the runs that are shown, ascending. */
  epochs: readonly number[];
  /** One colour a batch size. */
  color(run: PageRun): string;
  /** One dash a group of runs of the same batch size. */
  dash(run: PageRun): string;
}

/** A part of the page that is drawn anew when what it shows changes. */
export type Part = (view: View) => void;

const DASHES = ['none', '7 3', '2 3', '9 3 2 3'];

/** Returns the view of data in a state; null where there is no run. */
export function viewOf(data: PageData, state: PageState): View | null {
  const index = pageIndex(data, state.seeds);
  const layer = index.layers.find((name) => name === state.layer) ?? index.layers[0] ?? '';
  const withSpectra = index.runs.find((run) => index.series(run.id, layer).length > 0);
  const run = (state.run === null ? undefined : index.run(state.run)) ?? withSpectra ?? index.runs[0];
  if (run === undefined) return null;
  const epochs = new Set(
    index.runs.flatMap(({ id }) => index.series(id, layer).map(({ row }) => row.epoch ?? 0)),
  );
  const colors = PAGE_COLORS.sequence(index.sizes.length);
  return {
    data,
    index,
    state,
    layer,
    run,
    epochs: [...epochs].sort((a, b) => a - b),
    color: (of) => colors[index.place(of).size]!,
    dash: (of) => DASHES[index.place(of).group % DASHES.length]!,
  };
}

/** The state of the page, which stands in the address. */
export interface StateHolder {
  state: PageState;
  /** Changes the state and draws; the address follows without a step in the history. */
  change(part: Partial<PageState>): void;
}

/** Returns the holder of the state that begins with what the address says; `onChange` is told what of it has changed. */
export function holdState(onChange: (changed: readonly (keyof PageState)[]) => void): StateHolder {
  const holder: StateHolder = {
    state: stateOf(location.hash, FIRST_STATE),
    change: (part) => {
      holder.state = { ...holder.state, ...part };
      history.replaceState(null, '', stateFragment(holder.state) || location.pathname);
      onChange(Object.keys(part) as (keyof PageState)[]);
    },
  };
  return holder;
}
