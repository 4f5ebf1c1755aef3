import type { PlotOptions } from '@observablehq/plot';
import { escapeMarkup } from '../../../base/escapeMarkup.ts';
import type { FigureColors } from '../../figures/figure.ts';
import { drawPanel } from '../../figures/panel.ts';
import { phaseColor } from '../content/html.ts';

/** The colours of the figures in the theme of the page. */
export const PAGE_COLORS: FigureColors = {
  ink: 'var(--text)',
  muted: 'var(--muted)',
  grid: 'var(--grid)',
  paper: 'var(--page)',
  bar: 'var(--bar)',
  spike: 'var(--spike)',
  law: 'var(--mp)',
  tail: 'var(--tail)',
  phase: phaseColor,
  // From violet to orange at one lightness, which the theme sets.
  sequence: (count) =>
    Array.from({ length: count }, (_, i) => {
      const hue = count === 1 ? 255 : 300 - (255 * i) / (count - 1);
      return `oklch(var(--run-lightness) 0.14 ${hue.toFixed(0)})`;
    }),
};

const FONT_SIZE = 11;
let drawn = 0;

export interface ChartOptions {
  label: string;
  height: number;
  /** Whether there are links in it, which a screen reader must find. */
  links?: boolean;
}

/** Draws a plot into its place, as wide as that is. */
export function showPlot(
  host: HTMLElement,
  plot: PlotOptions,
  { label, height, links = false }: ChartOptions,
): void {
  const width = widthOf(host);
  // Plot names its groups where a name has no role to go with; what is told stands on the chart and on its links.
  const panel = drawPanel(plot, width, height, { document, clip: `clip-${drawn++}` }).replace(
    /(<g[^>]*) aria-label=/g,
    '$1 data-mark=',
  );
  host.innerHTML = `<svg class="chart" viewBox="0 0 ${width} ${height}" height="${height}" font-size="${FONT_SIZE}" fill="currentColor" role="${links ? 'group' : 'img'}" aria-label="${escapeMarkup(label)}">${panel}</svg>`;
  if (links) makeOneTabStop(host);
}

/** Returns how wide a chart in this place is. */
export const widthOf = (host: HTMLElement): number => Math.max(220, Math.floor(host.clientWidth) || 560);

/** A chart of a thousand links is one stop of the tab key; the arrow keys go from link to link in the order drawn. */
function makeOneTabStop(host: HTMLElement): void {
  const links = [...host.querySelectorAll<SVGAElement>('a')];
  links.forEach((link, i) => {
    link.setAttribute('tabindex', i === 0 ? '0' : '-1');
    // Plot writes the name on the shape inside, where no screen reader looks for that of a link.
    const name = link.querySelector('[aria-label]')?.getAttribute('aria-label');
    if (name) link.setAttribute('aria-label', name);
  });
  host.onkeydown = (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const at = links.indexOf(document.activeElement as unknown as SVGAElement);
    const next = at === -1 || step === undefined ? undefined : links[at + step];
    if (next === undefined) return;
    event.preventDefault();
    links[at]!.setAttribute('tabindex', '-1');
    next.setAttribute('tabindex', '0');
    next.focus();
  };
}
