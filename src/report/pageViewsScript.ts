/** Third part of the page's script: controls, table, and the views that follow them. See pageChartScript.ts for the form. */
export const pageViewsScript = String.raw`
const byId = (id) => document.getElementById(id);

async function unpack(id) {
  const bytes = Uint8Array.from(atob(byId(id).textContent.trim()), (c) => c.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw'))).arrayBuffer();
}

function download(name, header, records) {
  const quote = (v) => (v === null || v === undefined ? '' : /[",\n]/.test(v) ? '"' + String(v).replaceAll('"', '""') + '"' : String(v));
  const text = [header, ...records].map((record) => record.map(quote).join(',')).join('\n') + '\n';
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type: 'text/csv' }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function fill(select, options, chosen) {
  select.replaceChildren(...options.map(([value, text]) => new Option(text, value, false, String(value) === String(chosen))));
}

function setUpTheme() {
  const button = byId('theme');
  const themes = ['auto', 'light', 'dark'];
  let theme = 'auto';
  button.addEventListener('click', () => {
    theme = themes[(themes.indexOf(theme) + 1) % themes.length];
    if (theme === 'auto') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    button.textContent = 'Theme: ' + theme;
  });
}

function setUpTable() {
  const table = byId('run-table');
  if (!table) return;
  const heads = [...table.tHead.rows[0].cells];
  const body = table.tBodies[0];
  const all = [...body.rows];
  heads.forEach((head, column) => head.firstChild.addEventListener('click', () => {
    const up = head.getAttribute('aria-sort') !== 'ascending';
    for (const other of heads) other.removeAttribute('aria-sort');
    head.setAttribute('aria-sort', up ? 'ascending' : 'descending');
    const key = (row) => row.cells[column].dataset.v;
    all.sort((a, b) => {
      const [p, q] = [key(a), key(b)];
      if (p === '' || q === '') return (p === '') - (q === '');
      const order = isNaN(p) || isNaN(q) ? p.localeCompare(q, 'en', { numeric: true }) : p - q;
      return up ? order : -order;
    });
    body.replaceChildren(...all);
  }));
  const filter = () => {
    const words = byId('run-filter').value.toLowerCase().split(/\s+/);
    const phase = byId('phase-filter').value;
    let shown = 0;
    for (const row of all) {
      row.hidden = (phase !== '' && row.dataset.phase !== phase) || !words.every((word) => row.textContent.toLowerCase().includes(word));
      shown += row.hidden ? 0 : 1;
    }
    byId('run-count').textContent = shown + ' of ' + all.length + ' rows';
  };
  byId('run-filter').addEventListener('input', filter);
  byId('phase-filter').addEventListener('change', filter);
  byId('run-csv').addEventListener('click', () => download('runs.csv', heads.map((head) => head.textContent),
    all.filter((row) => !row.hidden).map((row) => [...row.cells].map((cell, i) => (i === row.cells.length - 1 ? row.dataset.phase : cell.dataset.v)))));
  filter();
}

/* Rows of the data by run and layer, epochs ascending; runs by batch size, then as named. */
function indexData(data) {
  const { rows } = data;
  data.series = new Map();
  rows.run.forEach((run, row) => {
    const key = run + '/' + rows.layer[row];
    if (!data.series.has(key)) data.series.set(key, []);
    data.series.get(key).push(row);
  });
  for (const list of data.series.values()) list.sort((a, b) => (rows.epoch[a] || 0) - (rows.epoch[b] || 0));
  data.order = data.runs.map((_, i) => i).sort((a, b) => (data.runs[a].batchSize ?? Infinity) - (data.runs[b].batchSize ?? Infinity) || a - b);
  const sizes = [...new Set(data.order.map((run) => data.runs[run].batchSize))];
  /* One hue a batch size from violet to orange at one lightness: readable on both themes. */
  data.color = (run) => 'oklch(var(--run-lightness) 0.14 ' + (sizes.length < 2 ? 255 : 300 - (255 * sizes.indexOf(data.runs[run].batchSize)) / (sizes.length - 1)).toFixed(0) + ')';
  data.dash = (run) => ['none', '7 3', '2 3', '9 3 2 3'][[...new Set(data.order.filter((r) => data.runs[r].batchSize === data.runs[run].batchSize).map((r) => data.runs[r].group))].indexOf(data.runs[run].group) % 4];
  data.seriesOf = (run, layer) => data.series.get(run + '/' + layer) || [];
}

function setUpDensities(data) {
  const layer = byId('grid-layer'), view = byId('grid-view'), host = byId('esd-grid');
  fill(layer, data.layers.map((name, i) => [i, name]), 0);
  const charts = () => {
    const groups = new Set();
    return data.order.filter((run) => data.seriesOf(run, layer.value).length > 0 && !groups.has(data.runs[run].group) && groups.add(data.runs[run].group));
  };
  const draw = () => {
    host.replaceChildren();
    for (const run of charts().slice(0, 24)) {
      const row = data.seriesOf(run, layer.value).at(-1);
      const figure = document.createElement('figure'), chart = document.createElement('div'), caption = document.createElement('figcaption');
      const phase = data.rows.phase[row];
      caption.textContent = data.runs[run].id + ', epoch ' + showNumber(data.rows.epoch[row]) + ': ' + (phase === null ? 'no label' : data.phases[phase].name) + ', alpha ' + showNumber(data.rows.alpha[row]) + ', ' + showNumber(data.rows.num_spikes[row]) + ' spikes';
      figure.append(caption, chart);
      host.append(figure);
      drawEsd(chart, data, row, view.value, null, 230);
    }
  };
  byId('grid-csv').addEventListener('click', () => download('densities.csv', ['run', 'layer', 'epoch', 'from', 'to', 'count', 'density'],
    charts().flatMap((run) => { const row = data.seriesOf(run, layer.value).at(-1);
      return (spectrumBins(data, row, view.value) || []).map((bin) => [data.runs[run].id, data.layers[layer.value], data.rows.epoch[row], bin.from, bin.to, bin.count, bin.density]); })));
  layer.addEventListener('change', draw);
  view.addEventListener('change', draw);
  return draw;
}

const FACTS = [['alpha', 'alpha'], ['D', 'KS distance D'], ['xmin', 'tail from'], ['num_pl_spikes', 'tail eigenvalues'], ['lambda_max', 'largest eigenvalue'], ['lambda_plus', 'bulk edge'], ['tw_edge', 'Tracy-Widom 99 %'],
  ['sigma_mp', 'sigma of the bulk'], ['bulk_ks', 'KS of the bulk'], ['num_spikes', 'spikes'], ['stable_rank', 'stable rank'], ['mp_softrank', 'MP soft rank'], ['entropy', 'matrix entropy'], ['rank_loss', 'rank loss']];

function setUpExplorer(data) {
  const run = byId('ex-run'), layer = byId('ex-layer'), view = byId('ex-view'), slider = byId('ex-epoch'), hold = byId('ex-hold'), play = byId('ex-play'), host = byId('ex-chart');
  fill(run, data.order.map((i) => [i, data.runs[i].id]), data.order[0]);
  fill(layer, data.layers.map((name, i) => [i, name]), 0);
  let timer = null, heldFor = '', held = null;
  const current = () => data.seriesOf(run.value, layer.value);
  const stop = () => { clearInterval(timer); timer = null; play.textContent = 'Play'; };
  const draw = () => {
    const list = current();
    const row = list[slider.value];
    if (row === undefined) { host.replaceChildren(); byId('ex-facts').replaceChildren('No spectra of this layer in this run.'); return; }
    const key = [run.value, layer.value, view.value].join('/');
    if (hold.checked && heldFor !== key) { held = esdRange(data, list, view.value); heldFor = key; }
    drawEsd(host, data, row, view.value, hold.checked ? held : null, 380);
    const epoch = showNumber(data.rows.epoch[row]);
    byId('ex-shown').textContent = 'epoch ' + epoch;
    slider.setAttribute('aria-valuetext', 'epoch ' + epoch);
    drawFacts(data, row);
  };
  const select = () => {
    const list = current();
    slider.max = Math.max(0, list.length - 1);
    slider.value = slider.max;
    slider.disabled = play.disabled = list.length < 2;
    stop();
    draw();
  };
  for (const control of [run, layer]) control.addEventListener('change', select);
  for (const control of [view, hold]) control.addEventListener('change', draw);
  slider.addEventListener('input', () => { stop(); draw(); });
  play.addEventListener('click', () => {
    if (timer !== null) return stop();
    if (slider.value === slider.max) slider.value = 0;
    play.textContent = 'Pause';
    draw();
    timer = setInterval(() => {
      slider.value = Number(slider.value) + 1;
      draw();
      if (slider.value === slider.max) stop();
    }, Math.max(80, Math.min(600, 6000 / (Number(slider.max) + 1))));
  });
  byId('ex-csv').addEventListener('click', () => { const row = current()[slider.value];
    download('density.csv', ['from', 'to', 'count', 'density'], (spectrumBins(data, row, view.value) || []).map((bin) => [bin.from, bin.to, bin.count, bin.density])); });
  select();
  return draw;
}

function drawFacts(data, row) {
  const { rows, phases, texts } = data;
  const make = (tag, text, className) => { const node = document.createElement(tag); node.textContent = text; if (className) node.className = className; return node; };
  const parts = [];
  const badge = make('span', rows.phase[row] === null ? 'no label' : phases[rows.phase[row]].name, 'badge');
  badge.style.setProperty('--fill', rows.phase[row] === null ? 'var(--grid)' : 'var(--phase-' + rows.phase[row] + ')');
  parts.push(badge);
  const doubt = [rows.phase_confidence[row] === null ? '' : 'confidence ' + showNumber(rows.phase_confidence[row], 2), rows.ambiguous[row] ? 'ambiguous' : '', rows.runner_up[row] === null ? '' : 'runner-up ' + phases[rows.runner_up[row]].name].filter((part) => part !== '').join(', ');
  if (doubt !== '') parts.push(make('div', doubt, 'note'));
  if (rows.evidence[row] !== null) {
    const list = document.createElement('ul');
    list.append(...texts[rows.evidence[row]].split(/;\s*/).filter((part) => part !== '').map((part) => make('li', part)));
    parts.push(make('div', 'Evidence', 'note'), list);
  }
  const facts = document.createElement('dl');
  for (const [column, name] of FACTS) facts.append(make('dt', name), make('dd', showNumber(rows[column][row], 4)));
  parts.push(facts);
  if (rows.notes[row] !== null) parts.push(make('div', texts[rows.notes[row]], 'note'));
  byId('ex-facts').replaceChildren(...parts);
}

const MEASURES = [['stable_rank', 'stable rank'], ['mp_softrank', 'MP soft rank'], ['entropy', 'matrix entropy'], ['alpha', 'alpha'], ['num_spikes', 'spikes'], ['lambda_max', 'largest eigenvalue'], ['log_norm', 'log norm'], ['rank_loss', 'rank loss'], ['phase_confidence', 'confidence of the label'],
  ['train_accuracy', 'training accuracy', true], ['test_accuracy', 'test accuracy', true], ['gap', 'generalization gap (accuracy)', true], ['train_loss', 'training loss', true], ['test_loss', 'test loss', true], ['images_per_second', 'images per second', true]];

function setUpMeasures(data) {
  const measure = byId('me-measure'), layer = byId('me-layer'), against = byId('me-against'), host = byId('me-chart');
  fill(measure, MEASURES.map(([key, name]) => [key, name]), 'stable_rank');
  fill(layer, data.layers.map((name, i) => [i, name]), 0);
  const ofRun = new Map();
  data.metrics.run.forEach((run, i) => { if (!ofRun.has(run)) ofRun.set(run, []); ofRun.get(run).push(i); });
  const series = () => {
    const key = measure.value;
    const ofTraining = MEASURES.find(([name]) => name === key)[2];
    layer.disabled = Boolean(ofTraining);
    return data.order.map((run) => {
      const m = data.metrics;
      const value = (i) => (key === 'gap' ? (m.train_accuracy[i] === null ? null : m.train_accuracy[i] - m.test_accuracy[i]) : m[key][i]);
      const points = ofTraining ? (ofRun.get(run) || []).map((i) => [m.epoch[i], value(i)]) : data.seriesOf(run, layer.value).map((row) => [data.rows.epoch[row], data.rows[key][row]]);
      return { run, points: points.filter(([epoch]) => epoch !== null) };
    }).filter(({ points }) => points.length > 0);
  };
  const name = () => MEASURES.find(([key]) => key === measure.value)[1];
  const draw = () => {
    const lines = series();
    const y = { ...rangeOf(lines.flatMap(({ points }) => points.map(([, v]) => v))), label: name() };
    if (against.value === 'epoch') {
      drawChart(host, { height: 360, label: name() + ' against epoch', y, x: { ...rangeOf(lines.flatMap(({ points }) => points.map(([e]) => e))), label: 'epoch' },
        draw: ({ plot, x, y: sy }) => { for (const { run, points } of lines) {
          plot.append(element('path', { d: pathOf(points, x, sy), fill: 'none', stroke: data.color(run), 'stroke-width': 2, 'stroke-dasharray': data.dash(run) }, element('title', {}, data.runs[run].id)));
          if (points.length < 40) for (const [e, v] of points) if (v !== null) plot.append(element('circle', { cx: x(e), cy: sy(v), r: 3, fill: data.color(run) }, element('title', {}, data.runs[run].id + ', epoch ' + e + ': ' + showNumber(v, 4))));
        } } });
    } else {
      const ends = lines.map(({ run, points }) => ({ run, size: data.runs[run].batchSize, value: points.at(-1)[1] })).filter(({ size, value }) => size !== null && value !== null);
      const sizes = [...new Set(ends.map(({ size }) => size))].sort((a, b) => a - b);
      drawChart(host, { height: 360, label: name() + ' against batch size', y: { ...rangeOf(ends.map(({ value }) => value)), label: name() }, x: { ...rangeOf(sizes, true), log: true, label: 'batch size (log), last epoch', ticks: sizes.map((at) => ({ at, label: String(at) })) },
        draw: ({ plot, x, y: sy }) => { for (const { run, size, value } of ends) plot.append(element('circle', { cx: x(size), cy: sy(value), r: 5, fill: data.color(run), stroke: 'var(--page)' }, element('title', {}, data.runs[run].id + ': ' + showNumber(value, 4)))); } });
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
  byId('me-csv').addEventListener('click', () => download(measure.value + '.csv', ['run', 'batch_size', 'epoch', measure.value], series().flatMap(({ run, points }) => points.map(([epoch, value]) => [data.runs[run].id, data.runs[run].batchSize, epoch, value]))));
  for (const control of [measure, layer, against]) control.addEventListener('change', draw);
  return draw;
}

function setUpPhaseMap(data) {
  const layer = byId('map-layer'), host = byId('map-chart');
  fill(layer, data.layers.map((name, i) => [i, name]), 0);
  const draw = () => {
    const runs = data.order.filter((run) => data.seriesOf(run, layer.value).length > 0);
    const epochs = [...new Set(runs.flatMap((run) => data.seriesOf(run, layer.value).map((row) => data.rows.epoch[row] || 0)))].sort((a, b) => a - b);
    const width = Math.max(220, host.clientWidth || 560);
    const longest = Math.max(0, ...runs.map((run) => data.runs[run].id.length));
    const left = Math.min(longest * 6.6 + 12, width * 0.34), cell = (width - left - 4) / Math.max(1, epochs.length), line = runs.length > 40 ? 14 : 24;
    const height = runs.length * line + 40;
    const svg = element('svg', { class: 'chart', viewBox: '0 0 ' + width + ' ' + height, height, role: 'img', 'aria-label': 'Phase of ' + data.layers[layer.value] + ' by run and epoch' });
    const fits = Math.floor((left - 10) / 6.6);
    runs.forEach((run, i) => {
      const id = data.runs[run].id;
      svg.append(element('text', { class: 'tick', x: left - 6, y: i * line + line / 2 + 4, 'text-anchor': 'end' }, id.length > fits ? id.slice(0, fits - 1) + '\u2026' : id, element('title', {}, id)));
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

async function start() {
  setUpTheme();
  setUpTable();
  const [json, counts] = await Promise.all([unpack('data-json'), unpack('data-counts')]);
  const data = { ...JSON.parse(new TextDecoder().decode(json)), counts: new Uint16Array(counts) };
  if (data.rows.run.length > 0) {
    indexData(data);
    const draws = [setUpDensities(data), setUpExplorer(data), setUpMeasures(data), setUpPhaseMap(data)];
    let width = 0;
    const redraw = () => { if (document.body.clientWidth === width) return; width = document.body.clientWidth; for (const draw of draws) draw(); };
    redraw();
    addEventListener('resize', redraw);
  }
  document.documentElement.dataset.ready = 'true';
}

start();
`;
