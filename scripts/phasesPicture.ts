import * as Plot from '@observablehq/plot';
import { marchenkoPasturDensity } from '../src/spectra/laws/marchenkoPastur.ts';
import type { Phase } from '../src/spectra/phase.ts';
import { type EsdBin, esdBars, type Spectrum } from '../src/view/figures/esdHistogram.ts';
import { BAR, INK, LAW, SPIKE } from '../src/view/figures/figure.ts';
import { drawSheet } from '../src/view/figures/sheet.ts';

/** What each phase says to someone who has not read the paper. */
const SAYS: Readonly<Record<Phase, string>> = {
  'random-like': 'noise, as before training',
  'bleeding-out': 'learning begins to show',
  'bulk+spikes': 'a few directions are learned',
  'bulk-decay': 'more and more directions',
  'heavy-tailed': 'directions of every strength',
  'rank-collapse': 'most directions are lost',
};

const BINS = 60;
const TICKS = [0, 1, 3, 10, 20, 30, 40, 50];

interface Axes {
  /** The largest singular value in view. */
  end: number;
  /** The largest count in view; a taller bar is cut, and its count written beside it. */
  top: number;
}

/**
 * Returns the picture of the phases for newcomers as SVG: a histogram of each matrix, all on the same axes. Bins are equally wide in
 * singular values, the roots of the eigenvalues on the axis, so that the largest stay in view and the bulk stays wide.
 */
export function phasesPicture(spectra: readonly { phase: Phase; spectrum: Spectrum }[]): string {
  const end = 1.02 * Math.sqrt(Math.max(...spectra.map(({ spectrum }) => spectrum.evals.at(-1)!)));
  const [noise] = spectra;
  const { evals: even, row } = noise!.spectrum;
  const top = 1.15 * Math.max(...histogram(even, end, row.tw_edge!).map(({ count }) => count));
  return drawSheet({
    title: "The eigenvalues of a layer's weights in each phase",
    panels: spectra.map(({ phase, spectrum }) => ({
      title: `${phase}: ${SAYS[phase]}`,
      plot: panel(spectrum, { end, top }),
    })),
    columns: 3,
    panelWidth: 300,
    panelHeight: 150,
    legend: [
      { label: 'eigenvalues such as noise has', color: BAR, mark: 'fill' },
      { label: 'larger than those of noise', color: SPIKE, mark: 'fill' },
      { label: 'the law of noise (Marchenko-Pastur)', color: LAW, mark: 'line' },
    ],
  });
}

function panel({ row, evals }: Spectrum, { end, top }: Axes): Plot.PlotOptions {
  const bins = histogram(evals, end, row.tw_edge!);
  const bars = esdBars(bins, Math.sqrt(row.tw_edge!));
  return {
    marginLeft: 14,
    marginBottom: 22,
    x: {
      domain: [0, end],
      label: null,
      ticks: TICKS.map(Math.sqrt),
      tickFormat: (root: number) => String(Math.round(root ** 2)),
    },
    y: { axis: null, domain: [0, top] },
    marks: [
      Plot.rect(bars, {
        x1: 'from',
        x2: 'to',
        y1: 0,
        y2: ({ density }) => Math.min(density, top),
        fill: ({ above }) => (above ? SPIKE : BAR),
        insetRight: 0.4,
      }),
      Plot.text(
        bins.filter(({ count }) => count > top),
        {
          x: 'to',
          y: top,
          text: ({ count }) => `${count} of ${evals.length}`,
          textAnchor: 'start',
          dx: 6,
          dy: 6,
        },
      ),
      Plot.line(lawCurve(row, end / BINS), { stroke: LAW, strokeWidth: 1.8 }),
      Plot.ruleY([0], { stroke: INK }),
    ],
  };
}

function histogram(evals: Float64Array, end: number, edge: number): EsdBin[] {
  const width = end / BINS;
  const bins = Array.from({ length: BINS }, (_, i) => ({
    from: i * width,
    to: (i + 1) * width,
    count: 0,
    density: 0,
    above: 0,
  }));
  for (const value of evals) {
    const bin = bins[Math.floor(Math.sqrt(value) / width)]!;
    bin.count++;
    if (value > edge) bin.above++;
  }
  // The height of a bar, which here is the count itself.
  for (const bin of bins) bin.density = bin.count;
  return bins;
}

/** How many eigenvalues the fitted law puts into a bin of singular values; none where its hump is narrower than a bin. */
function lawCurve(
  { sigma_mp, lambda_minus, lambda_plus, Q, num_evals, num_spikes }: Spectrum['row'],
  width: number,
) {
  const [low, high] = [Math.sqrt(lambda_minus!), Math.sqrt(lambda_plus!)];
  if (high - low < width) return [];
  const bulk = num_evals - num_spikes!;
  return Array.from({ length: 201 }, (_, i): [number, number] => {
    const root = low + ((high - low) * i) / 200;
    return [root, bulk * marchenkoPasturDensity(root ** 2, Q, sigma_mp!) * 2 * root * width];
  });
}
