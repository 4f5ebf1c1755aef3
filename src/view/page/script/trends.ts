/** Third part of the page's script: measures against epoch, batch size or alpha, and the phase map. See pageChartScript.ts for the form. */
export const pageTrendsScript = String.raw`
function setUpMeasures(data) {
  const measure = byId('me-measure'), layer = byId('me-layer'), against = byId('me-against'), host = byId('me-chart');
  const measures = new Map([...data.measures, ...data.ofTraining.map((column) => ({ ...column, ofTraining: true }))].map((column) => [column.name, column]));
  fill(measure, [...measures.values()].map(({ name, label }) => [name, label]), 'stable_rank');
  fill(layer, data.layers.map((name, i) => [i, name]), 0);
  const ofRun = new Map();
  data.metrics.run.forEach((run, i) => { if (!ofRun.has(run)) ofRun.set(run, []); ofRun.get(run).push(i); });
  const perRun = (key) => {
    const { ofTraining } = measures.get(key);
    return data.order.map((run) => {
      const m = data.metrics;
      const points = ofTraining ? (ofRun.get(run) || []).map((i) => [m.epoch[i], m[key][i]]) : data.seriesOf(run, layer.value).map((row) => [data.rows.epoch[row], data.rows[key][row]]);
      return { run, name: data.runs[run].id, points: points.filter(([epoch]) => epoch !== null) };
    }).filter(({ points }) => points.length > 0);
  };
  /* The mean of an epoch is over the runs of the group that have a value there. */
  const perGroup = (key) => {
    const groups = new Map();
    for (const { run, points } of perRun(key)) {
      const name = data.runs[run].group;
      if (!groups.has(name)) groups.set(name, { run, name, sums: new Map() });
      const { sums } = groups.get(name);
      for (const [epoch, value] of points) {
        const [sum, count] = sums.get(epoch) || [0, 0];
        sums.set(epoch, value === null ? [sum, count] : [sum + value, count + 1]);
      }
    }
    return [...groups.values()].map(({ run, name, sums }) => ({ run, name, points: [...sums].map(([epoch, [sum, count]]) => [epoch, count === 0 ? null : sum / count]).sort((a, b) => a[0] - b[0]) }));
  };
  const lineChoice = byId('me-lines');
  if (data.runs.length > 24) lineChoice.value = 'group';
  const series = () => (lineChoice.value === 'group' ? perGroup : perRun)(measure.value);
  const name = () => { const { label, unit } = measures.get(measure.value); return unit ? label + ' (' + unit + ')' : label; };
  const draw = () => {
    const lines = series();
    layer.disabled = measures.get(measure.value).ofTraining === true && against.value !== 'alpha';
    const y = { ...rangeOf(lines.flatMap(({ points }) => points.map(([, v]) => v))), label: name() };
    if (against.value === 'epoch') {
      drawChart(host, { height: 360, label: name() + ' against epoch', y, x: { ...rangeOf(lines.flatMap(({ points }) => points.map(([e]) => e))), whole: true, label: 'epoch' },
        draw: ({ plot, x, y: sy }) => { for (const { run, name: of, points } of lines) {
          plot.append(element('path', { d: pathOf(points, x, sy), fill: 'none', stroke: data.color(run), 'stroke-width': 2, 'stroke-dasharray': data.dash(run) }, element('title', {}, of)));
          if (points.length < 40) for (const [e, v] of points) if (v !== null) plot.append(element('circle', { cx: x(e), cy: sy(v), r: 3, fill: data.color(run) }, element('title', {}, of + ', epoch ' + e + ': ' + showNumber(v, 4))));
        } } });
    } else {
      /* The last epoch of each line: against the batch size, or against alpha of the layer chosen. */
      const ofAlpha = against.value === 'alpha';
      const alphas = new Map(ofAlpha ? (lineChoice.value === 'group' ? perGroup('alpha') : perRun('alpha')).map(({ name: of, points }) => [of, points.at(-1)[1]]) : []);
      const ends = lines.map(({ run, name: of, points }) => ({ run, of, at: ofAlpha ? alphas.get(of) ?? null : data.runs[run].batchSize, value: points.at(-1)[1] })).filter(({ at, value }) => at !== null && value !== null);
      const ats = [...new Set(ends.map(({ at }) => at))].sort((p, q) => p - q);
      const label = ofAlpha ? 'alpha of ' + data.layers[layer.value] + ', last epoch' : 'batch size (log), last epoch';
      drawChart(host, { height: 360, label: name() + ' against ' + label, y: { ...rangeOf(ends.map(({ value }) => value)), label: name() },
        x: ofAlpha ? { ...rangeOf(ats), label } : { ...rangeOf(ats, true), log: true, label, ticks: ats.map((at) => ({ at, label: String(at) })) },
        draw: ({ plot, x, y: sy }) => { for (const { run, of, at, value } of ends) plot.append(element('circle', { cx: x(at), cy: sy(value), r: 5, fill: data.color(run), stroke: 'var(--page)' }, element('title', {}, of + ': ' + showNumber(value, 4)))); } });
    }
    const seen = new Set();
    byId('me-legend').replaceChildren(...lines.filter(({ run }) => !seen.has(data.runs[run].group) && seen.add(data.runs[run].group)).slice(0, 24).map(({ run }) => {
      const item = document.createElement('li'), mark = document.createElement('i');
      mark.style.setProperty('--stroke', data.color(run));
      if (data.dash(run) !== 'none') mark.style.borderTopStyle = 'dashed';
      item.append(mark, data.runs[run].group);
      return item;
    }));
  };
  byId('me-csv').addEventListener('click', () => download(measure.value + '.csv', ['run', 'batch_size', 'epoch', measure.value], series().flatMap(({ run, name: of, points }) => points.map(([epoch, value]) => [of, data.runs[run].batchSize, epoch, value]))));
  for (const control of [measure, layer, against, lineChoice]) control.addEventListener('change', draw);
  return draw;
}

/* Both ends of an id tell: what was set, and the seed. */
function shorten(text, most) {
  if (text.length <= most) return text;
  const tail = Math.floor((most - 1) / 2);
  return text.slice(0, most - 1 - tail) + '\u2026' + text.slice(text.length - tail);
}

function setUpPhaseMap(data) {
  const layer = byId('map-layer'), host = byId('map-chart');
  fill(layer, data.layers.map((name, i) => [i, name]), 0);
  const draw = () => {
    const runs = data.order.filter((run) => data.seriesOf(run, layer.value).length > 0);
    const epochs = [...new Set(runs.flatMap((run) => data.seriesOf(run, layer.value).map((row) => data.rows.epoch[row] || 0)))].sort((a, b) => a - b);
    const width = Math.max(220, host.clientWidth || 560);
    const longest = runs.reduce((most, run) => Math.max(most, data.runs[run].id.length), 0);
    const left = Math.min(longest * 6.6 + 12, width * 0.34), cell = (width - left - 4) / Math.max(1, epochs.length), line = runs.length > 40 ? 14 : 24;
    const height = runs.length * line + 40;
    const svg = element('svg', { class: 'chart', viewBox: '0 0 ' + width + ' ' + height, height, role: 'img', 'aria-label': 'Phase of ' + data.layers[layer.value] + ' by run and epoch' });
    const fits = Math.floor((left - 10) / 6.6);
    runs.forEach((run, i) => {
      const id = data.runs[run].id;
      svg.append(element('text', { class: 'tick', x: left - 6, y: i * line + line / 2 + 4, 'text-anchor': 'end' }, shorten(id, fits), element('title', {}, id)));
      /* Neighbours of one label are one rectangle: a hundred runs of a hundred epochs stay light. */
      let from = 0;
      const list = data.seriesOf(run, layer.value);
      const mark = (row) => data.rows.phase[row] + '/' + data.rows.ambiguous[row];
      for (let k = 1; k <= list.length; k++) {
        if (k < list.length && mark(list[k]) === mark(list[from])) continue;
        const phase = data.rows.phase[list[from]];
        const x0 = left + epochs.indexOf(data.rows.epoch[list[from]] || 0) * cell, x1 = left + (epochs.indexOf(data.rows.epoch[list[k - 1]] || 0) + 1) * cell;
        if (phase !== null) {
          const name = data.phases[phase].short + (data.rows.ambiguous[list[from]] ? '?' : '');
          const first = data.rows.epoch[list[from]], last = data.rows.epoch[list[k - 1]];
          svg.append(element('rect', { x: x0 + 0.5, y: i * line + 1, width: Math.max(0.5, x1 - x0 - 1), height: line - 2, fill: 'var(--phase-' + phase + ')' },
            element('title', {}, id + ', epoch ' + showNumber(first) + (first === last ? '' : ' to ' + last) + ': ' + data.phases[phase].name + (data.rows.ambiguous[list[from]] ? ' (ambiguous)' : ''))));
          if (x1 - x0 > name.length * 7.5 + 4 && line >= 14) svg.append(element('text', { x: (x0 + x1) / 2, y: i * line + line / 2 + 4, 'text-anchor': 'middle', 'pointer-events': 'none' }, name));
        }
        from = k;
      }
    });
    const stride = Math.ceil(epochs.length / Math.max(2, (width - left) / 40));
    epochs.forEach((epoch, i) => { if (i % stride === 0) svg.append(element('text', { class: 'tick', x: left + (i + 0.5) * cell, y: runs.length * line + 15, 'text-anchor': 'middle' }, String(epoch))); });
    svg.append(element('text', { x: left + (epochs.length * cell) / 2, y: runs.length * line + 34, 'text-anchor': 'middle' }, 'epoch'));
    host.replaceChildren(svg);
  };
  byId('map-csv').addEventListener('click', () => download('phases.csv', ['run', 'batch_size', 'layer', 'epoch', 'phase', 'confidence', 'ambiguous'], data.order.flatMap((run) => data.seriesOf(run, layer.value).map((row) =>
    [data.runs[run].id, data.runs[run].batchSize, data.layers[layer.value], data.rows.epoch[row], data.rows.phase[row] === null ? null : data.phases[data.rows.phase[row]].name, data.rows.phase_confidence[row], Boolean(data.rows.ambiguous[row])]))));
  layer.addEventListener('change', draw);
  return draw;
}
`;
