import { phaseMapPanel } from '../../figures/phaseMapPanel.ts';
import { showNumber } from '../content/html.ts';
import { NO_RUN } from '../content/pageData.ts';
import { stateFragment } from '../content/pageState.ts';
import { PAGE_COLORS, showPlot, widthOf } from './chart.ts';
import type { Part, View } from './view.ts';

/** With more layers only the map of the chosen one is drawn. */
const MOST_MAPS = 6;
/** More rows than this are drawn lower. */
const MANY_ROWS = 40;

/** Returns the part that draws the phases of every layer, runs down and epochs across. */
export function mapsPart(host: HTMLElement): Part {
  return (view) => {
    const { index, layer } = view;
    const layers = index.layers.length > MOST_MAPS ? [layer] : index.layers;
    host.replaceChildren(
      ...layers.map(() => {
        const figure = document.createElement('figure');
        figure.append(document.createElement('figcaption'), document.createElement('div'));
        return figure;
      }),
    );
    layers.forEach((name, i) => {
      const [caption, chart] = host.children[i]!.children as unknown as [HTMLElement, HTMLElement];
      caption.textContent = `${name}: phase by run and epoch`;
      drawMap(chart, view, name);
    });
  };
}

function drawMap(host: HTMLElement, { index }: View, layer: string): void {
  const runs = index.runs.filter((run) => index.series(run.id, layer).length > 0);
  const rows = runs.flatMap((run) => index.series(run.id, layer).map(({ row }) => row));
  const epochs = [...new Set(rows.map((row) => row.epoch ?? 0))].sort((a, b) => a - b);
  const width = widthOf(host);
  const label = (id: string): string => shorten(index.label(id), width < 500 ? 12 : 22);
  const { plot, height } = phaseMapPanel(
    rows,
    { label: 'epoch', of: (row) => String(row.epoch ?? 0), domain: epochs.map(String) },
    { label: '', of: (row) => label(row.run ?? NO_RUN), domain: runs.map((run) => label(run.id)) },
    {
      width,
      rowHeight: runs.length > MANY_ROWS ? 14 : 26,
      colors: PAGE_COLORS,
      href: ({ rows: [row] }) => stateFragment({ run: row!.run ?? NO_RUN, layer, epoch: row!.epoch }),
      describe: ({ rows: [row] }) =>
        `${row!.run ?? NO_RUN}, epoch ${showNumber(row!.epoch)}: ${row!.phase}${row!.phase_ambiguous === true ? ' (ambiguous)' : ''}`,
    },
  );
  showPlot(host, plot, { height, label: `Phases of ${layer} by run and epoch`, links: true });
}

/** Both ends of an id tell: what was set, and the seed. */
function shorten(text: string, most: number): string {
  if (text.length <= most) return text;
  const tail = Math.floor((most - 1) / 2);
  return `${text.slice(0, most - 1 - tail)}\u2026${text.slice(text.length - tail)}`;
}
