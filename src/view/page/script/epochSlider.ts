/** Part of the page's script: one layer epoch by epoch, its slider and the facts of the epoch shown. See chart.ts for the form. */
export const epochSliderScript = String.raw`
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
`;
