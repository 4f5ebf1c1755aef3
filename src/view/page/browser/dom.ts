/** Returns the element of the page with that id. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const element = document.getElementById(id);
  if (element === null) throw new RangeError(`unknown element: #${id}`);
  return element as T;
}

/** Gives a menu its entries, value and text, and chooses one of them. */
export function fillMenu(
  menu: HTMLSelectElement,
  entries: readonly (readonly [value: string, text: string])[],
  chosen: string,
): void {
  menu.replaceChildren(...entries.map(([value, text]) => new Option(text, value, false, value === chosen)));
}

type Cell = string | number | boolean | null | undefined;

/** Hands a table out as a CSV file. */
export function download(
  name: string,
  header: readonly string[],
  records: readonly (readonly Cell[])[],
): void {
  const text = [header, ...records].map((record) => `${record.map(csvField).join(',')}\n`).join('');
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type: 'text/csv' }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function csvField(value: Cell): string {
  if (value === null || value === undefined) return '';
  const text = String(value);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Lets the button go through the themes: that of the system, light, dark. */
export function setUpTheme(button: HTMLElement): void {
  const themes = ['auto', 'light', 'dark'] as const;
  let at = 0;
  button.addEventListener('click', () => {
    at = (at + 1) % themes.length;
    const theme = themes[at]!;
    if (theme === 'auto') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    button.textContent = `Theme: ${theme}`;
  });
}
