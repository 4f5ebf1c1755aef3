import type { PageData } from '../content/pageData.ts';
import { numberDetails } from '../content/reproduction.ts';
import { byId, download } from './dom.ts';

/** What the reader has set at the tables; it outlives a new table. */
const sorting: { column: string | null; rising: boolean } = { column: null, rising: true };

/** Lets the controls of the tables work; call `refresh` where a table has been written anew. */
export function setUpTables(data: () => PageData): { refresh(): void } {
  byId('run-filter').addEventListener('input', filterRuns);
  byId('phase-filter').addEventListener('change', filterRuns);
  byId('run-csv').addEventListener('click', downloadRuns);
  byId('runs').addEventListener('click', (event) => {
    const target = event.target as HTMLElement;
    const head = target.closest('th[data-column]') as HTMLElement | null;
    if (head !== null) {
      const column = head.dataset.column!;
      sorting.rising = sorting.column === column ? !sorting.rising : true;
      sorting.column = column;
      sortRuns();
      return;
    }
    // Anywhere in a row leads where its link leads; text that is being marked is not a click.
    const link = target.closest('tbody tr')?.querySelector('a');
    if (link && target.closest('a') === null && getSelection()?.isCollapsed !== false) link.click();
  });
  const filter = (): void => filterNumbers(data());
  byId('reproduction').addEventListener('input', filter);
  // The toggle of a line does not bubble: it is caught on the way down.
  byId('reproduction').addEventListener('toggle', ({ target }) => showDetails(target, data()), true);
  return {
    refresh: () => {
      sortRuns();
      filterRuns();
      filter();
    },
  };
}

function table(): {
  heads: HTMLTableCellElement[];
  body: HTMLTableSectionElement;
  rows: HTMLTableRowElement[];
} {
  const runs = byId<HTMLTableElement>('run-table');
  const body = runs.tBodies[0]!;
  return { heads: [...runs.tHead!.rows[0]!.cells], body, rows: [...body.rows] };
}

function sortRuns(): void {
  const { heads, body, rows } = table();
  const column = heads.findIndex((head) => head.dataset.column === sorting.column);
  for (const head of heads) head.removeAttribute('aria-sort');
  if (column === -1) return;
  heads[column]!.setAttribute('aria-sort', sorting.rising ? 'ascending' : 'descending');
  const key = (row: HTMLTableRowElement): string => row.cells[column]!.dataset.v ?? '';
  rows.sort((a, b) => {
    const [p, q] = [key(a), key(b)];
    // What is missing stays last.
    if (p === '' || q === '') return Number(p === '') - Number(q === '');
    const order =
      Number.isNaN(Number(p)) || Number.isNaN(Number(q))
        ? p.localeCompare(q, 'en', { numeric: true })
        : Number(p) - Number(q);
    return sorting.rising ? order : -order;
  });
  body.replaceChildren(...rows);
}

function filterRuns(): void {
  const { rows } = table();
  const phase = byId<HTMLSelectElement>('phase-filter').value;
  const matches = wordFilter(byId<HTMLInputElement>('run-filter').value);
  for (const row of rows) {
    row.hidden = (phase !== '' && row.dataset.phase !== phase) || !matches(row.textContent);
  }
  byId('run-count').textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length} rows`;
}

function downloadRuns(): void {
  const { heads, rows } = table();
  const columns = heads.map((head) => head.dataset.column!);
  const records = rows
    .filter((row) => !row.hidden)
    .map((row) =>
      [...row.cells].map((cell, i) => (columns[i] === 'phase' ? row.dataset.phase : cell.dataset.v)),
    );
  download('runs.csv', columns, records);
}

/** The reasons of a number are written when they are asked for. */
function showDetails(target: EventTarget | null, { reproduction }: PageData): void {
  const line = target as HTMLDetailsElement;
  const row = reproduction[Number(line.dataset.row)];
  if (row === undefined || line.querySelector('dl') !== null) return;
  line.insertAdjacentHTML('beforeend', numberDetails(row));
}

function filterNumbers({ reproduction }: PageData): void {
  const filter = document.getElementById('number-filter') as HTMLInputElement | null;
  if (filter === null) return;
  const kind = byId<HTMLSelectElement>('number-kind').value;
  const matches = wordFilter(filter.value);
  const lines = [...byId('reproduction').querySelectorAll<HTMLElement>('.numbers details')];
  for (const line of lines) {
    const said = Object.values(reproduction[Number(line.dataset.row)] ?? {}).join(' ');
    line.hidden = (kind !== '' && line.dataset.kind !== kind) || !matches(said);
  }
  byId('number-count').textContent =
    `${lines.filter((line) => !line.hidden).length} of ${lines.length} numbers`;
}

function wordFilter(words: string): (text: string) => boolean {
  const wanted = words.toLowerCase().split(/\s+/);
  return (text) => wanted.every((word) => text.toLowerCase().includes(word));
}
