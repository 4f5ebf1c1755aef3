import { PHASES } from '../../spectra/phase.ts';
import { PHASE_STYLE } from '../figures/phaseStyle.ts';

const phaseColors = (theme: 'light' | 'dark'): string =>
  PHASES.map((phase, i) => `--phase-${i}: ${PHASE_STYLE[phase][theme]};`).join(' ');

const LIGHT = `
  color-scheme: light;
  --page: #ffffff; --panel: #f5f6f8; --line: #c9ced6; --grid: #e4e7ec; --text: #1a1f27; --muted: #535d6b;
  --accent: #0b5cad; --bar: #9db7d5; --spike: #c2410c; --mp: #b00020; --tail: #6a1b9a; --run-lightness: 0.52;
  ${phaseColors('light')}`;
const DARK = `
  color-scheme: dark;
  --page: #14171c; --panel: #1d222a; --line: #414a57; --grid: #2b323c; --text: #e7eaf0; --muted: #a5afbd;
  --accent: #7db7f5; --bar: #4f6f94; --spike: #ff9d66; --mp: #ff7a8a; --tail: #d9a1f2; --run-lightness: 0.74;
  ${phaseColors('dark')}`;

/** The style sheet of the page: two themes, one column that fits a phone, a form for print. */
export const pageStyle = `
:root { ${LIGHT} }
@media (prefers-color-scheme: dark) { :root:not([data-theme='light']) { ${DARK} } }
:root[data-theme='dark'] { ${DARK} }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--page); color: var(--text); font: 15px/1.5 system-ui, 'DejaVu Sans', sans-serif; }
main, header, footer { max-width: 1180px; margin: 0 auto; padding: 0 20px; }
header { padding-top: 24px; display: flex; flex-wrap: wrap; gap: 8px 16px; align-items: flex-start; justify-content: space-between; }
h1 { font-size: 26px; line-height: 1.2; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 19px; margin: 0 0 4px; }
p { margin: 4px 0 12px; max-width: 75ch; }
.lead { color: var(--muted); margin: 4px 0 0; }
nav ul { display: flex; flex-wrap: wrap; gap: 4px 16px; padding: 0; margin: 12px 0 0; list-style: none; }
a { color: var(--accent); }
section { margin: 36px 0; }
.note, figcaption { color: var(--muted); font-size: 13px; }
.controls { display: flex; flex-wrap: wrap; gap: 8px 16px; align-items: end; margin: 8px 0 12px; }
.controls label, .controls .field { display: flex; flex-direction: column; font-size: 12px; color: var(--muted); gap: 2px; }
.controls label.check { flex-direction: row; align-items: center; gap: 6px; font-size: 14px; min-height: 36px; }
select, input[type='search'], button { font: inherit; font-size: 14px; color: var(--text); background: var(--page); border: 1px solid var(--line); border-radius: 6px; padding: 6px 10px; min-height: 36px; max-width: 100%; }
button { cursor: pointer; }
button:hover, select:hover { border-color: var(--accent); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
input[type='range'] { width: 100%; min-height: 28px; accent-color: var(--accent); }
.phases { display: grid; grid-template-columns: repeat(auto-fill, minmax(300px, 1fr)); gap: 10px; padding: 0; margin: 12px 0; list-style: none; }
.phases li { background: var(--panel); border-radius: 8px; padding: 10px 12px; border-left: 8px solid var(--fill); }
.phases b { display: block; }
.phases .absent { color: var(--muted); }
.badge { display: inline-block; padding: 1px 8px; border-radius: 10px; background: var(--fill); color: var(--text); white-space: nowrap; }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 8px; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 14px; }
th, td { padding: 5px 10px; text-align: right; white-space: nowrap; border-top: 1px solid var(--grid); }
thead th { background: var(--panel); border-top: 0; padding: 0; vertical-align: bottom; }
th.text, td.text { text-align: left; }
thead button { border: 0; background: none; width: 100%; text-align: inherit; font-weight: 600; padding: 6px 10px; white-space: nowrap; }
thead th[aria-sort='ascending'] button::after { content: ' \\25b2'; content: ' \\25b2' / ''; }
thead th[aria-sort='descending'] button::after { content: ' \\25bc'; content: ' \\25bc' / ''; }
tbody th { font-weight: 500; }
.plain thead th { padding: 6px 10px; }
.plain td.text { white-space: normal; min-width: 120px; }
.within { color: var(--muted); }
.beyond { color: var(--spike); }
.tall { max-height: 640px; overflow: auto; }
.tall thead th { position: sticky; top: 0; }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(320px, 1fr)); gap: 16px; }
figure { margin: 0; min-width: 0; }
.explorer { display: grid; grid-template-columns: minmax(0, 1fr) 300px; gap: 16px; }
.slider { display: grid; grid-template-columns: auto 1fr auto; gap: 10px; align-items: center; }
.facts { background: var(--panel); border-radius: 8px; padding: 12px; font-size: 14px; }
.facts dl { display: grid; grid-template-columns: auto auto; gap: 1px 10px; margin: 8px 0; }
.facts dt { color: var(--muted); }
.facts dd { margin: 0; text-align: right; font-variant-numeric: tabular-nums; }
.facts ul { margin: 4px 0; padding-left: 18px; font-size: 13px; overflow-wrap: anywhere; }
.chart { width: 100%; display: block; }
.chart text { fill: var(--text); font-size: 12px; font-family: inherit; }
.chart .tick { fill: var(--muted); font-size: 11px; }
.chart .axis { stroke: var(--line); fill: none; }
.chart .gridline { stroke: var(--grid); fill: none; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 14px; font-size: 13px; margin: 6px 0 0; padding: 0; list-style: none; }
.legend i { display: inline-block; width: 18px; height: 0; border-top: 3px solid var(--stroke); margin-right: 5px; vertical-align: middle; }
.legend i.fill { height: 12px; border: 0; background: var(--stroke); border-radius: 2px; }
pre { background: var(--panel); border-radius: 8px; padding: 12px; overflow: auto; font-size: 13px; max-height: 420px; }
dl.provenance { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 2px 14px; font-size: 14px; }
.provenance dt { color: var(--muted); grid-column: 1; }
.provenance dd { margin: 0; grid-column: 2; overflow-wrap: anywhere; }
footer { color: var(--muted); font-size: 13px; padding-bottom: 40px; }
@media screen and (max-width: 760px) {
  main, header, footer { padding-left: 14px; padding-right: 14px; }
  .explorer { grid-template-columns: minmax(0, 1fr); }
  .grid { grid-template-columns: minmax(0, 1fr); }
  .phases { grid-template-columns: 1fr; }
}
@media print {
  :root, :root[data-theme], :root:not([data-theme='light']) { ${LIGHT} }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  body, .facts, .facts ul, .provenance, .note, .legend, figcaption { font-size: 10px; }
  main, header, footer { padding: 0; max-width: none; }
  nav, .controls, .slider, .download, #theme { display: none; }
  section { margin: 16px 0; }
  h2, h2 + .note { break-after: avoid; }
  figure, .phases li, tr, .explorer { break-inside: avoid; }
  .phases { grid-template-columns: repeat(3, 1fr); }
  .grid { grid-template-columns: repeat(3, 1fr); }
  .explorer { grid-template-columns: minmax(0, 1fr) 190px; }
  .chart { height: auto; }
  .tall { max-height: none; overflow: visible; }
  .scroll { overflow: visible; border: 0; }
  th, td { padding: 2px 4px; font-size: 9px; }
  .plain thead th { padding: 2px 4px; }
  thead button { padding: 2px 4px; font-size: 9px; min-height: 0; white-space: normal; }
}
`;
