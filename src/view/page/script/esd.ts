/** Second part of the page's script: the empirical spectral density of one row with its fit. See chart.ts for the form. */
export const pageEsdScript = `
const VIEWS = {
  full: { bins: 'full', x: 'eigenvalue', y: 'density' },
  bulk: { bins: 'bulk', x: 'eigenvalue', y: 'density' },
  log: { bins: 'log', x: 'eigenvalue (log)', y: 'density (log)' },
};

function spectrumBins(data, row, view) {
  const { bins, rows } = data;
  if (rows.bulk_end[row] === null) return null;
  const perRow = bins.full + bins.bulk + bins.log;
  const offset = { full: 0, bulk: bins.full, log: bins.full + bins.bulk }[view];
  const counts = data.counts.subarray(row * perRow + offset, row * perRow + offset + bins[view]);
  const end = view === 'bulk' ? rows.bulk_end[row] : rows.lambda_max[row];
  const start = view === 'log' ? rows.log_start[row] : 0;
  const edge = (i) => (view === 'log' ? start * (end / start) ** (i / counts.length) : (end * i) / counts.length);
  const total = rows.num_evals[row];
  return Array.from(counts, (count, i) => ({ from: edge(i), to: edge(i + 1), count, density: count / total / (edge(i + 1) - edge(i)) }));
}

function marchenkoPastur(data, row) {
  const { sigma_mp, lambda_minus, lambda_plus, Q, num_spikes, num_evals } = data.rows;
  if (sigma_mp[row] === null) return [];
  const low = lambda_minus[row], high = lambda_plus[row], variance = sigma_mp[row] ** 2;
  const share = 1 - (num_spikes[row] || 0) / num_evals[row];
  return Array.from({ length: 161 }, (_, i) => {
    /* Closer together at the edges, where the law is steep. */
    const at = low + (high - low) * (1 - Math.cos((Math.PI * i) / 160)) / 2;
    const root = Math.sqrt(Math.max(0, (high - at) * (at - low)));
    return [at, at > 0 ? (share * Q[row] * root) / (2 * Math.PI * variance * at) : null];
  });
}

function powerLaw(data, row) {
  const { alpha, xmin, num_pl_spikes, lambda_max, num_evals } = data.rows;
  if (alpha[row] === null || xmin[row] === null || num_pl_spikes[row] === null) return [];
  const share = num_pl_spikes[row] / num_evals[row];
  const density = (at) => (share * (alpha[row] - 1) / xmin[row]) * (at / xmin[row]) ** -alpha[row];
  return Array.from({ length: 41 }, (_, i) => {
    const at = xmin[row] * (lambda_max[row] / xmin[row]) ** (i / 40);
    return [at, density(at)];
  });
}

/* Rows whose axes hold together: draws every one on the same scales. */
function esdRange(data, rows, view) {
  let max = 0, top = 0, min = Infinity, floor = Infinity;
  for (const row of rows) {
    const bins = spectrumBins(data, row, view);
    if (bins === null) continue;
    max = Math.max(max, bins[bins.length - 1].to);
    min = Math.min(min, bins[0].from);
    const filled = bins.filter((bin) => bin.count > 0).map((bin) => bin.density);
    for (const density of filled) { top = Math.max(top, density); floor = Math.min(floor, density); }
  }
  if (view !== 'log') for (const row of rows) {
    /* The law diverges at 0 for Q = 1; the histogram, not the pole, sets the height. */
    const curve = marchenkoPastur(data, row).map(([, density]) => density || 0);
    top = Math.max(top, Math.min(curve.reduce((a, b) => Math.max(a, b), 0), 1.6 * top));
  }
  return { x: { min: view === 'log' ? min : 0, max: max || 1 }, y: { min: view === 'log' ? floor / 2 : 0, max: (top || 1) * (view === 'log' ? 2 : 1.05) } };
}

function drawEsd(host, data, row, view, range, height) {
  const bins = spectrumBins(data, row, view);
  if (bins === null) {
    const note = document.createElement('p');
    note.className = 'note';
    note.textContent = 'The eigenvalues of this spectrum are not stored.';
    host.replaceChildren(note);
    return;
  }
  const log = view === 'log';
  const { rows } = data;
  const axes = range || esdRange(data, [row], view);
  const where = data.runs[rows.run[row]].id + ', ' + data.layers[rows.layer[row]] + ', epoch ' + showNumber(rows.epoch[row]);
  drawChart(host, {
    height,
    label: 'Spectral density of ' + where,
    x: { ...axes.x, log, label: VIEWS[view].x },
    y: { ...axes.y, log, label: VIEWS[view].y },
    draw: ({ plot, x, y, height: bottom }) => {
      const spikesFrom = rows.tw_edge[row] === null ? Infinity : rows.tw_edge[row];
      for (const bin of bins) {
        if (bin.count === 0) continue;
        const top = y(bin.density);
        const spike = (bin.from + bin.to) / 2 > spikesFrom;
        plot.append(element('rect', {
          x: x(bin.from), y: Math.min(top, bottom - 1.5), width: Math.max(1, x(bin.to) - x(bin.from) - 0.5), height: Math.max(1.5, bottom - top),
          fill: spike ? 'var(--spike)' : 'var(--bar)',
        }, element('title', {}, showNumber(bin.from) + ' to ' + showNumber(bin.to) + ': ' + bin.count)));
      }
      const line = (points, color, extra) => plot.append(element('path', { d: pathOf(points, x, y), fill: 'none', stroke: color, 'stroke-width': 2, ...extra }));
      const law = marchenkoPastur(data, row).filter(([at, density]) => !log || (at > 0 && density > 0));
      if (law.length > 0) line(law, 'var(--mp)', {});
      for (const [at, dash] of [[rows.lambda_plus[row], '5 3'], [rows.tw_edge[row], '1 3']]) {
        if (at !== null && at > 0) plot.append(element('line', { x1: x(at), x2: x(at), y1: 0, y2: bottom, stroke: 'var(--mp)', 'stroke-width': 1.5, 'stroke-dasharray': dash }));
      }
      if (log) {
        const tail = powerLaw(data, row);
        if (tail.length > 0) line(tail, 'var(--tail)', { 'stroke-dasharray': '7 3' });
      }
    },
  });
}
`;
