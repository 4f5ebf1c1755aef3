import type { RunConfig } from '../experiment/config/schema.ts';
import { datasetFacts } from '../experiment/data/datasetFacts.ts';

/**
 * Returns what a smaller scale leaves out of the full one, `2 of 100 epochs, 1 of 10 seeds`; null where nothing. Read off the
 * configs of the runs, so that it cannot be forgotten.
 */
export function cutText(full: readonly RunConfig[], scaled: readonly RunConfig[]): string | null {
  const [all, own] = [full.map(flat), scaled.map(flat)];
  const keys = new Set([...all, ...own].flatMap((settings) => [...settings.keys()]));
  const cuts = [...keys].flatMap((key) => {
    const [a, b] = [all, own].map((list) => [...new Set(list.map((settings) => settings.get(key)))]);
    if (JSON.stringify(a) === JSON.stringify(b)) return [];
    const name = NAMES[key] ?? key;
    if (a!.length > 1) return [`${b!.length} of ${a!.length} ${PLURALS[key] ?? `values of ${name}`}`];
    const [whole, part] = [a![0], b![0]];
    return COUNTED.includes(key) ? [`${part} of ${whole} ${name}`] : [`${name} ${part} instead of ${whole}`];
  });
  return cuts.length === 0 ? null : cuts.join(', ');
}

/** Returns what smaller parameters of a calculation leave out: `100 of 999 draws`. */
export function cutParameters(
  full: Readonly<Record<string, number>>,
  scaled: Readonly<Record<string, number>>,
): string | null {
  const cuts = Object.entries(full).flatMap(([key, whole]) =>
    scaled[key] === whole ? [] : [`${scaled[key]} of ${whole} ${key}`],
  );
  return cuts.length === 0 ? null : cuts.join(', ');
}

const NAMES: Readonly<Record<string, string>> = { trainImages: 'training images', testImages: 'test images' };
const PLURALS: Readonly<Record<string, string>> = { seed: 'seeds', batchSize: 'batch sizes' };
const COUNTED = ['epochs', 'trainImages', 'testImages'];

function flat(config: RunConfig): Map<string, string> {
  const { trainImages, testImages } = datasetFacts(config.dataset);
  const whole = {
    ...config,
    trainImages: config.trainImages ?? trainImages,
    testImages: config.testImages ?? testImages,
  };
  return new Map(
    Object.entries(whole).map(([key, value]) => [
      key,
      typeof value === 'object' ? JSON.stringify(value) : String(value),
    ]),
  );
}
