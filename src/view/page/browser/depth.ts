import { depthPlot, phaseLegend } from '../../figures/depthPlot.ts';
import { legendList, showNumber } from '../content/html.ts';
import { NO_RUN } from '../content/pageData.ts';
import { stateFragment } from '../content/pageState.ts';
import { PAGE_COLORS, showPlot } from './chart.ts';
import { panelsOf } from './curves.ts';
import { byId } from './dom.ts';
import type { Part } from './view.ts';

const HEIGHT = 260;

/** Returns the part that draws alpha against the place of the layer, a panel a weights file. */
export function depthPart(): Part {
  const grid = byId('depth-grid');
  return ({ data, index }) => {
    const panels = panelsOf(
      grid,
      index.runs.map(({ id }) => id),
    );
    index.runs.forEach(({ id }, i) => {
      const rows = data.spectra.flatMap(({ row }) => ((row.run ?? NO_RUN) === id ? [row] : []));
      const plot = depthPlot(rows, {
        colors: PAGE_COLORS,
        href: ({ layer, epoch }) => stateFragment({ run: id, layer, epoch }),
        describe: ({ layer, alpha, phase }) => `${layer}: alpha ${showNumber(alpha)}, ${phase ?? 'no label'}`,
      });
      showPlot(panels[i]!, plot, { height: HEIGHT, label: `Alpha by depth of ${id}`, links: true });
    });
    const all = data.spectra.map(({ row }) => row);
    byId('depth-legend').innerHTML = legendList(phaseLegend(all, PAGE_COLORS));
  };
}
