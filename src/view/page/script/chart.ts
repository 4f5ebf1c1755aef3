/**
 * First part of the page's script: a chart with axes, drawn as SVG at the width it has. Plain browser JavaScript in a text, so that
 * the bytes are the same from src/ and from dist/. No backquote and no dollar brace may stand in it.
 */
export const pageChartScript = String.raw`
const SVG = 'http://www.w3.org/2000/svg';

function element(tag, attributes, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

function showNumber(value, digits = 3) {
  if (value === null || value === undefined) return '\u2013';
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e6) return String(value);
  if (size >= 1e5 || size < 1e-3) return value.toExponential(digits - 1);
  return value.toFixed(Math.max(0, digits - 1 - Math.floor(Math.log10(size))));
}

function linearTicks(min, max, count, whole) {
  const span = max - min;
  const rough = span / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const fine = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough * 0.999);
  const step = whole ? Math.max(1, fine) : fine;
  const ticks = [];
  for (let i = Math.ceil(min / step - 1e-9); i * step <= max + span * 1e-9; i++) ticks.push(i * step);
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const small = digits > 4 || max >= 1e5;
  return ticks.map((at) => ({ at, label: at === 0 ? '0' : small ? at.toExponential(1).replace('.0e', 'e') : at.toFixed(digits) }));
}

function logTicks(min, max, count) {
  const low = Math.ceil(Math.log10(min) - 1e-9);
  const high = Math.floor(Math.log10(max) + 1e-9);
  if (high - low < 1) {
    return [1, 2, 3, 5].flatMap((factor) => [low - 1, low, low + 1].map((power) => factor * 10 ** power))
      .filter((at) => at >= min && at <= max).sort((a, b) => a - b).map((at) => ({ at, label: showNumber(at, 1) }));
  }
  const stride = Math.ceil((high - low + 1) / count);
  const ticks = [];
  for (let power = low; power <= high; power += stride) {
    ticks.push({ at: 10 ** power, label: power >= -3 && power <= 4 ? String(Number((10 ** power).toPrecision(1))) : '1e' + power });
  }
  return ticks;
}

/* A chart on host: axes for x and y ({ min, max, log, whole, label, ticks }), then draw({ plot, x, y, width, height }) for what is in it. */
function drawChart(host, { x, y, label, height = 260, draw }) {
  const width = Math.max(220, host.clientWidth || 560);
  const left = 52, right = 12, top = 12, bottom = 42;
  const inner = { width: width - left - right, height: height - top - bottom };
  const scale = (axis, length, flip) => {
    const f = axis.log ? Math.log : (v) => v;
    const low = f(axis.min), span = (f(axis.max) - low) || 1;
    return (v) => (flip ? length - ((f(v) - low) / span) * length : ((f(v) - low) / span) * length);
  };
  const sx = scale(x, inner.width, false), sy = scale(y, inner.height, true);
  const ticksOf = (axis, count) => axis.ticks || (axis.log ? logTicks : linearTicks)(axis.min, axis.max, count, axis.whole);
  const svg = element('svg', { class: 'chart', viewBox: '0 0 ' + width + ' ' + height, height, role: 'img', 'aria-label': label });
  const plot = element('g', { transform: 'translate(' + left + ',' + top + ')' });
  for (const { at, label: text } of ticksOf(y, 5)) {
    plot.append(element('line', { class: 'gridline', x1: 0, x2: inner.width, y1: sy(at), y2: sy(at) }));
    plot.append(element('text', { class: 'tick', x: -7, y: sy(at) + 4, 'text-anchor': 'end' }, text));
  }
  let lastEnd = -Infinity;
  for (const { at, label: text } of ticksOf(x, Math.max(3, Math.floor(inner.width / 80)))) {
    const half = text.length * 3.4;
    plot.append(element('line', { class: 'axis', x1: sx(at), x2: sx(at), y1: inner.height, y2: inner.height + 4 }));
    if (sx(at) - half < lastEnd + 4) continue;
    lastEnd = sx(at) + half;
    plot.append(element('text', { class: 'tick', x: sx(at), y: inner.height + 17, 'text-anchor': 'middle' }, text));
  }
  plot.append(element('path', { class: 'axis', d: 'M0,0V' + inner.height + 'H' + inner.width }));
  plot.append(element('text', { x: inner.width / 2, y: inner.height + 35, 'text-anchor': 'middle' }, x.label));
  plot.append(element('text', { transform: 'translate(-40,' + inner.height / 2 + ') rotate(-90)', 'text-anchor': 'middle' }, y.label));
  const id = 'clip' + (drawChart.count = (drawChart.count || 0) + 1);
  const clipped = element('g', { 'clip-path': 'url(#' + id + ')' });
  svg.append(element('clipPath', { id }, element('rect', { x: 0, y: -1, width: inner.width, height: inner.height + 1 })));
  plot.append(clipped);
  svg.append(plot);
  draw({ plot: clipped, x: sx, y: sy, ...inner });
  host.replaceChildren(svg);
}

function pathOf(points, x, y) {
  let d = '', pen = 'M';
  for (const [px, py] of points) {
    if (px === null || py === null) { pen = 'M'; continue; }
    d += pen + x(px).toFixed(1) + ',' + y(py).toFixed(1);
    pen = 'L';
  }
  return d;
}

/* Range of numbers with a little air; the zero is kept where the data come near it. */
function rangeOf(values, log) {
  let min = Infinity, max = -Infinity;
  for (const v of values) if (v !== null && (!log || v > 0)) { if (v < min) min = v; if (v > max) max = v; }
  if (min === Infinity) return { min: log ? 0.1 : 0, max: 1 };
  if (log) return { min: min / 1.15, max: max * 1.15 };
  if (min === max) { const air = Math.abs(min) * 0.05 || 0.5; return { min: min - air, max: max + air }; }
  const air = (max - min) * 0.05;
  return { min: min >= 0 && min - air < 0 ? 0 : min - air, max: max + air };
}
`;
