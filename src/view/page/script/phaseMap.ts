/** Part of the page's script: the map of phases by run and epoch. See chart.ts for the form. */
export const phaseMapScript = String.raw`
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
