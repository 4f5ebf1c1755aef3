/**
 * Returns the known name that `name` most likely stands for, or null when none is near: the same letters in another case or with
 * other separators (batch_size), its initials (lr for learningRate), its beginning (batch), or a few typing errors away.
 */
export function nearestName(name: string, known: readonly string[]): string | null {
  const wanted = letters(name);
  if (wanted === '') return null;
  const same =
    known.find((candidate) => letters(candidate) === wanted) ??
    known.find((candidate) => initials(candidate) === wanted);
  if (same !== undefined) return same;

  const allowed = Math.max(1, Math.floor(wanted.length / 3));
  let nearest: string | null = null;
  let least = allowed + 1;
  for (const candidate of known) {
    const distance = editDistance(wanted, letters(candidate));
    if (distance < least && distance < wanted.length) {
      least = distance;
      nearest = candidate;
    }
  }
  if (nearest !== null || wanted.length < 3) return nearest;
  return known.find((candidate) => letters(candidate).startsWith(wanted)) ?? null;
}

/**
 * Returns ` (did you mean x?)`, or nothing when no known name is near. `elsewhere` are dotted keys of other places: one that
 * ends in the very name was meant more likely than a neighbour with a similar one.
 */
export function didYouMean(
  name: string,
  known: readonly string[],
  elsewhere: readonly string[] = [],
): string {
  const last = name.slice(name.lastIndexOf('.') + 1);
  const meant = elsewhere.find((key) => key.endsWith(`.${last}`) && key !== name) ?? nearestName(name, known);
  return meant === null ? '' : ` (did you mean ${meant}?)`;
}

/** Returns the number of insertions, deletions, replacements and swaps of neighbours that lead from `a` to `b`. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1;
      let distance = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + change);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        distance = Math.min(distance, beforeLast[j - 2]! + 1);
      }
      row.push(distance);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}

function letters(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9.]/g, '');
}

function initials(name: string): string | null {
  const upper = name.match(/[A-Z]/g);
  return upper === null ? null : (name[0]! + upper.join('')).toLowerCase();
}
