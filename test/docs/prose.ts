/** A line of a page, and whether it is prose: neither table, code, heading nor picture. */
export interface PageLine {
  number: number;
  text: string;
  kind: 'prose' | 'table' | 'code' | 'heading' | 'picture';
}

/** Returns the lines of a Markdown page that are not empty. */
export function pageLines(page: string): PageLine[] {
  let fence = false;
  let inList = false;
  let before: PageLine['kind'] | 'empty' = 'empty';
  const lines: PageLine[] = [];
  page.split('\n').forEach((text, i) => {
    if (text.trim() === '') {
      if (before !== 'code') before = 'empty';
      return;
    }
    const fenced = /^\s*```/.test(text);
    const indented = /^ {4}/.test(text) && !inList && before !== 'prose';
    let kind: PageLine['kind'] = 'prose';
    if (fence || fenced || indented) kind = 'code';
    else if (/^\s*\|/.test(text)) kind = 'table';
    else if (/^#/.test(text)) kind = 'heading';
    else if (/^\s*!\[/.test(text)) kind = 'picture';
    if (fenced) fence = !fence;
    if (kind === 'prose') {
      if (/^\s*([-*]|\d+\.) /.test(text)) inList = true;
      else if (!/^ /.test(text)) inList = false;
    } else if (kind === 'heading') inList = false;
    before = kind;
    lines.push({ number: i + 1, text, kind });
  });
  return lines;
}

/** Returns the sentences of a page's prose, without markup. A paragraph or list item that ends without a full stop is one too. */
export function sentences(page: string): string[] {
  const paragraphs: string[] = [];
  let last = Number.NEGATIVE_INFINITY;
  for (const { number, text, kind } of pageLines(page)) {
    if (kind !== 'prose') continue;
    const item = /^\s*(?:[-*]|\d+\.) +/.exec(text)?.[0] ?? '';
    const words = text.slice(item.length).trim();
    if (number === last + 1 && item === '') paragraphs[paragraphs.length - 1] += ` ${words}`;
    else paragraphs.push(words);
    last = number;
  }
  return paragraphs
    .map((text) => text.replaceAll(/\]\([^)]*\)/g, '').replaceAll(/[[*]/g, ''))
    .flatMap((text) => text.split(/(?<=[.!?])\s+(?=[A-Z`(0-9])/))
    .filter((text) => /[a-z]/.test(text));
}

/** Returns the mean number of words a sentence. */
export function wordsASentence(page: string): number {
  const all = sentences(page);
  return all.reduce((sum, sentence) => sum + sentence.split(/\s+/).length, 0) / all.length;
}

/** Returns the anchors of a page's headings, as GitHub makes them. */
export function anchors(page: string): string[] {
  return pageLines(page)
    .filter(({ kind }) => kind === 'heading')
    .map(({ text }) =>
      text
        .replace(/^#+ /, '')
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .replaceAll(' ', '-'),
    );
}
