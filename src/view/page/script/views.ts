/** Last part of the page's script: controls, densities, and the start. See chart.ts for the form. */
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
