import { PHASES } from '../../spectra/phase.ts';
import { BAR, INK, LAW, SPIKE, TAIL } from '../figures/figure.ts';
import { PHASE_STYLE } from '../figures/phaseStyle.ts';

const phaseColors = (theme: 'light' | 'dark'): string =>
  PHASES.map((phase, i) => `--phase-${i}: ${PHASE_STYLE[phase][theme]};`).join(' ');

const LIGHT = `
  color-scheme: light;
  --page: #ffffff; --panel: #f5f6f8; --line: #c9ced6; --grid: #e4e7ec; --text: ${INK}; --muted: #535d6b;
  --accent: #0b5cad; --bar: ${BAR}; --spike: ${SPIKE}; --mp: ${LAW}; --tail: ${TAIL}; --run-lightness: 0.52;
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
[hidden] { display: none !important; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--page); color: var(--text); font: 15px/1.5 system-ui, 'DejaVu Sans', sans-serif; }
main, header, footer { max-width: 1240px; margin: 0 auto; padding: 0 20px; }
header { padding-top: 24px; display: flex; flex-wrap: wrap; gap: 8px 16px; align-items: flex-start; justify-content: space-between; }
h1 { font-size: 26px; line-height: 1.2; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 19px; margin: 0 0 4px; }
p { margin: 4px 0 12px; max-width: 75ch; }
.lead { color: var(--muted); margin: 4px 0 0; }
nav { flex-basis: 100%; }
nav ul { display: flex; flex-wrap: wrap; gap: 4px 16px; padding: 0; margin: 0; list-style: none; }
a { color: var(--accent); }
section { margin: 36px 0; }
.note, figcaption { color: var(--muted); font-size: 13px; }
.controls { display: flex; flex-wrap: wrap; gap: 8px 16px; align-items: end; margin: 8px 0 12px; }
.controls label, .controls .field { display: flex; flex-direction: column; font-size: 12px; color: var(--muted); gap: 2px; min-width: 0; max-width: 100%; }
.controls label.check { flex-direction: row; align-items: center; gap: 6px; font-size: 14px; min-height: 36px; }
select, input[type='search'], button { font: inherit; font-size: 14px; color: var(--text); background: var(--page); border: 1px solid var(--line); border-radius: 6px; padding: 6px 10px; min-height: 36px; max-width: 100%; }
button { cursor: pointer; }
button:hover, select:hover { border-color: var(--accent); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
input[type='range'] { width: 100%; min-height: 28px; accent-color: var(--accent); }
.phases { display: grid; grid-template-columns: repeat(auto-fill, minmax(300px, 1fr)); gap: 10px; padding: 0; margin: 12px 0; list-style: none; }
.phases li { background: var(--panel); border-radius: 8px; padding: 10px 12px; border-left: 8px solid var(--fill); }
.phases b { display: block; }
summary { cursor: pointer; }
.sd { color: var(--muted); font-size: 12px; display: block; }
.progress { list-style: none; padding: 0; margin: 0 0 8px; display: grid; grid-template-columns: max-content minmax(80px, 260px) minmax(0, 1fr); gap: 4px 14px; align-items: center; }
.progress li { display: contents; }
.progress b { overflow-wrap: anywhere; font-weight: 600; }
.progress li > .said:nth-child(2) { grid-column: 2 / -1; }
.progress progress { width: 100%; accent-color: var(--accent); }
figure.double { grid-column: 1 / -1; }
figure.double > div { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(320px, 100%), 1fr)); gap: 4px 16px; min-height: 190px; }
.model dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 1px 20px; margin: 0 0 12px; font-size: 14px; }
.model dt { color: var(--muted); }
.model dd { margin: 0; overflow-wrap: anywhere; }
.where { margin: 8px 0; }
.phases .absent { color: var(--muted); }
.badge { display: inline-block; padding: 1px 8px; border-radius: 10px; background: var(--fill); color: var(--text); white-space: nowrap; }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 8px; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 14px; }
th, td { padding: 4px 8px; text-align: right; white-space: nowrap; border-top: 1px solid var(--grid); }
thead th { background: var(--panel); border-top: 0; padding: 0; vertical-align: bottom; }
th.text, td.text { text-align: left; }
thead button { border: 0; background: none; width: 100%; text-align: inherit; font-weight: 600; padding: 6px 10px; font-size: 13px; line-height: 1.25; white-space: normal; }
.runs td.text, .runs tbody th { white-space: normal; overflow-wrap: anywhere; min-width: 104px; }
.runs tbody [data-c='layer'] { min-width: 0; }
.whole { white-space: nowrap; }
thead th[aria-sort='ascending'] button::after { content: ' \\25b2'; content: ' \\25b2' / ''; }
thead th[aria-sort='descending'] button::after { content: ' \\25bc'; content: ' \\25bc' / ''; }
tbody th { font-weight: 500; }
tbody tr:hover { background: var(--panel); }
#run-table tbody tr:has(a) { cursor: pointer; }
.numbers { position: relative; border: 1px solid var(--line); border-radius: 8px; font-size: 14px; max-height: 640px; overflow-y: auto; }
.numbers summary, .numbers .heads { display: grid; grid-template-columns: 28px minmax(0, 1fr) repeat(3, minmax(84px, 150px)); gap: 0 10px; padding: 4px 10px; align-items: baseline; font-variant-numeric: tabular-nums; list-style: none; }
.numbers summary::-webkit-details-marker { display: none; }
.numbers summary { cursor: pointer; border-top: 1px solid var(--grid); }
.numbers summary:hover { background: var(--panel); }
.numbers summary > :nth-child(n + 3), .numbers .heads > :nth-child(n + 3) { text-align: right; overflow-wrap: anywhere; }
.numbers .heads { position: sticky; top: 0; background: var(--panel); font-weight: 600; }
.numbers .name { overflow-wrap: anywhere; }
.numbers dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 1px 12px; margin: 0; padding: 4px 10px 10px 48px; font-size: 13px; background: var(--panel); }
.numbers dt { color: var(--muted); }
.numbers dd { margin: 0; overflow-wrap: anywhere; }
.warning { color: var(--spike); font-size: 13px; }
.mark.no { color: var(--spike); font-weight: 700; }
.mark.no::before { content: '\\2717' / ''; }
.mark.yes::before { content: '\\2713' / ''; }
.mark.none::before { content: '\\2013' / ''; }
.mark.yes, .mark.none { color: var(--muted); }
.tall { max-height: 640px; overflow: auto; }
.tall thead th { position: sticky; top: 0; }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(280px, 1fr)); gap: 14px 16px; }
.grid.wide, .maps { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(420px, 100%), 1fr)); gap: 16px; }
.bar { position: sticky; top: 0; z-index: 1; background: var(--page); padding: 8px 0; border-bottom: 1px solid var(--grid); }
.bar .slider { flex: 1 1 260px; }
figure { margin: 0; min-width: 0; }
figcaption { min-height: 21px; }
figcaption a { font-weight: 600; }
.explorer { display: grid; grid-template-columns: minmax(0, 1fr) 340px; gap: 16px; align-items: start; }
.charts { min-width: 0; }
h3 { font-size: 15px; margin: 0 0 6px; overflow-wrap: anywhere; }
.slider { display: grid; grid-template-columns: auto 1fr auto; gap: 10px; align-items: center; }
.facts { background: var(--panel); border-radius: 8px; padding: 12px; font-size: 14px; }
.facts dl { display: grid; grid-template-columns: auto auto; gap: 1px 10px; margin: 8px 0; }
.facts dt { color: var(--muted); }
.facts dd { margin: 0; text-align: right; font-variant-numeric: tabular-nums; }
.facts ul { margin: 4px 0; padding-left: 18px; font-size: 13px; overflow-wrap: anywhere; }
.chart { width: 100%; display: block; }
.chart { color: var(--text); overflow: visible; }
.chart text { font-family: inherit; }
.chart a { cursor: pointer; }
.chart a:focus-visible { outline: none; }
.chart a:focus-visible > * { stroke: var(--text); stroke-width: 2px; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 14px; font-size: 13px; margin: 6px 0 0; padding: 0; list-style: none; }
.legend i { display: inline-block; width: 18px; height: 0; border-top: 3px solid var(--stroke); margin-right: 5px; vertical-align: middle; }
.legend i.dashed { border-top-style: dashed; }
.legend i.dotted { border-top-style: dotted; }
.legend i.dot { width: 10px; height: 10px; border: 0; border-radius: 50%; background: var(--stroke); }
.legend i.fill { height: 12px; border: 0; background: var(--stroke); border-radius: 2px; }
pre { background: var(--panel); border-radius: 8px; padding: 12px; overflow: auto; font-size: 13px; max-height: 420px; }
dl.provenance { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 2px 14px; font-size: 14px; }
.provenance dt { color: var(--muted); grid-column: 1; }
.provenance dd { margin: 0; grid-column: 2; overflow-wrap: anywhere; }
footer { color: var(--muted); font-size: 13px; padding-bottom: 40px; }
@media screen and (max-width: 1100px) {
  .runs thead tr, .runs tbody tr { display: flex; flex-wrap: wrap; gap: 0 8px; padding: 5px 8px; align-items: baseline; }
  .runs .sd { display: inline; font-size: 11px; }
  .runs tbody tr { border-top: 1px solid var(--grid); font-size: 13px; }
  .runs tbody th, .runs td, .runs th { border: 0; padding: 0; min-width: 0; }
  .runs thead tr { background: var(--panel); }
  .tall.runs thead th { position: static; }
  .runs thead button { padding: 2px 0; min-height: 28px; width: auto; }
  .runs [data-brief]::before { content: attr(data-brief) ' '; color: var(--muted); font-size: 12px; }
  .runs tbody [data-c='batch_size'] { display: none; }
  .runs tbody [data-c='phase'] { order: -1; }
  .runs tbody [data-c='layer'] { flex-grow: 1; }
  .runs tbody th, .runs tbody [data-c='layer'] { order: -2; }
}
@media screen and (max-width: 600px) {
  .runs tbody tr { font-size: 12px; }
  .runs [data-brief]::before { font-size: 11px; }
  .runs tbody [data-c='N'], .runs tbody [data-c='M'] { display: none; }
  .runs tbody tr:has(.sd) [data-c='epoch'], .runs td:not([data-c='test_accuracy'], [data-c='alpha']) .sd { display: none; }
}
@media screen and (max-width: 760px) {
  main, header, footer { padding-left: 14px; padding-right: 14px; }
  .explorer { grid-template-columns: minmax(0, 1fr); }
  .progress { grid-template-columns: minmax(0, 1fr); gap: 0 14px; }
  .progress li { display: block; margin-bottom: 8px; }
  .grid { grid-template-columns: minmax(0, 1fr); }
  .phases { grid-template-columns: 1fr; }
  .numbers .heads { display: none; }
  .numbers summary { grid-template-columns: 20px repeat(3, minmax(0, 1fr)); gap: 0 8px; }
  .numbers .name { grid-column: 2 / -1; }
  .numbers summary.words { display: block; padding-left: 38px; text-indent: -28px; }
  .words > * { margin-right: 10px; text-indent: 0; }
  .words .mark { display: inline-block; width: 18px; }
  .words > .void { display: none; }
  .numbers summary > :nth-child(n + 3) { text-align: left; }
  .numbers summary > :nth-child(3) { grid-column: 2; }
  .numbers summary > :nth-child(n + 3)::before { content: 'authors '; color: var(--muted); font-size: 12px; }
  .numbers summary > :nth-child(4)::before { content: 'here '; }
  .numbers summary > :nth-child(5)::before { content: 'tolerance '; }
  .bar .slider { flex-basis: 100%; order: 3; }
}
@media print {
  :root, :root[data-theme], :root:not([data-theme='light']) { ${LIGHT} }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  body, .facts, .facts ul, .provenance, .note, .legend, figcaption { font-size: 10px; }
  main, header, footer { padding: 0; max-width: none; }
  nav, .controls, .download, #theme, #link { display: none; }
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
  .numbers { max-height: none; border: 0; font-size: 9px; }
  .numbers summary { padding: 1px 4px; }
  .bar { position: static; }
  thead button { padding: 2px 4px; font-size: 9px; min-height: 0; white-space: normal; }
}
`;
