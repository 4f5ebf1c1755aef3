/** Part of the page's script: measures against epoch, batch size or alpha. See chart.ts for the form. */
export const measuresScript = `
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
`;
