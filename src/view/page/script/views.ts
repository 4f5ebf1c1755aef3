/** Last part of the page's script: controls, table, densities, and the start. See pageChartScript.ts for the form. */
export const pageViewsScript = String.raw`
const byId = (id) => document.getElementById(id);

async function unpack(id) {
  const text = atob(byId(id).textContent.trim());
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
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
  byId('run-csv').addEventListener('click', () => download('runs.csv', heads.map((head) => head.dataset.column),
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
    const settings = charts();
    byId('grid-note').textContent = settings.length > 24 ? 'The first 24 of ' + settings.length + ' settings; the CSV has all.' : '';
    for (const run of settings.slice(0, 24)) {
      const row = data.seriesOf(run, layer.value).at(-1);
      const figure = document.createElement('figure'), chart = document.createElement('div'), caption = document.createElement('figcaption');
      const phase = data.rows.phase[row];
      caption.textContent = data.runs[run].id + ', epoch ' + showNumber(data.rows.epoch[row]) + ': ' + (phase === null ? 'no label' : data.phases[phase].name) + ', alpha ' + showNumber(data.rows.alpha[row]) + (data.rows.num_spikes[row] === null ? '' : ', ' + data.rows.num_spikes[row] + ' spikes');
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

const FACTS = ['alpha', 'D', 'xmin', 'num_pl_spikes', 'lambda_max', 'lambda_plus', 'tw_edge', 'sigma_mp', 'bulk_ks', 'num_spikes', 'stable_rank', 'mp_softrank', 'entropy', 'rank_loss'];

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
  const fact = ({ name, label, meaning }) => { const term = make('dt', label); term.title = meaning; return [term, make('dd', showNumber(rows[name][row], 4))]; };
  const facts = document.createElement('dl');
  facts.append(...data.columns.filter(({ name }) => FACTS.includes(name)).flatMap(fact));
  parts.push(facts);
  const further = data.columns.filter(({ name }) => name !== 'epoch' && !FACTS.includes(name) && rows[name][row] !== null);
  if (further.length > 0) {
    const more = document.createElement('details'), list = document.createElement('dl');
    more.open = drawFacts.open === true;
    more.addEventListener('toggle', () => { drawFacts.open = more.open; });
    list.append(...further.flatMap(fact));
    more.append(make('summary', 'Further columns'), list);
    parts.push(more);
  }
  if (rows.notes[row] !== null) parts.push(make('div', texts[rows.notes[row]], 'note'));
  byId('ex-facts').replaceChildren(...parts);
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
