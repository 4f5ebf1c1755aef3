import { changeLegend, changePlots } from '../../figures/changePlots.ts';
import { legendList, showNumber } from '../content/html.ts';
import { NO_RUN } from '../content/pageData.ts';
import { stateFragment } from '../content/pageState.ts';
import { PAGE_COLORS, showPlot } from './chart.ts';
import { panelsOf } from './curves.ts';
import { byId } from './dom.ts';
import type { Part } from './view.ts';

const HEIGHT = 240;

/** Returns the part that draws what changed between two models against the place of the layer. */
export function changePart(): Part {
  const grid = byId('change-grid');
  return ({ data }) => {
    const rows = data.spectra.map(({ row }) => row);
    const plots = changePlots(rows, {
      colors: PAGE_COLORS,
      href: ({ x }) => stateFragment({ run: rows[x - 1]!.run ?? NO_RUN, layer: rows[x - 1]!.layer }),
      describe: ({ x, y }, { label }) => `${rows[x - 1]!.layer}: ${label} ${showNumber(y)}`,
    });
    const panels = panelsOf(
      grid,
      plots.map(({ title }) => title),
    );
    plots.forEach(({ title, plot }, i) => {
      showPlot(panels[i]!, plot, { height: HEIGHT, label: `${title} by depth`, links: true });
    });
    byId('change-legend').innerHTML = legendList(changeLegend(PAGE_COLORS));
  };
}
