/** Part of the page's script: sorting and filtering the table of runs. See chart.ts for the form. */
export const runTableScript = String.raw`
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
`;
