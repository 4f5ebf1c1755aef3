import { didYouMean } from '../base/nearestName.ts';
import { UserError } from '../base/userError.ts';
import { type ConvReading, layerShape } from '../weights/layerMatrices.ts';
import type { LayerKind, WeightsLayer } from '../weights/tensors/weightsFile.ts';

/** Which layers of a file are to be analyzed. What is left out asks for all. */
export interface ChoiceOptions {
  /** Names, globs (`*`, `?`, `{a,b}`) or /regular expressions/. */
  names?: readonly string[] | undefined;
  kinds?: readonly LayerKind[] | undefined;
  /** Bounds of the number of eigenvalues. */
  minEvals?: number | undefined;
  maxEvals?: number | undefined;
  conv: ConvReading;
}

export interface LayerChoice {
  /** Whether the options ask for a layer. */
  wants(layer: WeightsLayer): boolean;
  /** Whether a tensor of this name is asked for. */
  names(name: string): boolean;
  /** How many layers of these names were not wanted, for their kind or size. */
  leftOut(): number;
  /** Throws UserError for a name or pattern that fitted none of the names asked so far, with the nearest one. */
  checkNames(where: string): void;
}

const MAX_KNOWN = 20;

/** Returns the choice that the options ask for; a pattern that is none, or bounds that nothing can meet, is a UserError. */
export function layerChoice({ names, kinds, minEvals, maxEvals, conv }: ChoiceOptions): LayerChoice {
  const patterns = names?.map((text) => ({ text, pattern: patternOf(text), found: false }));
  if ((minEvals ?? 0) > (maxEvals ?? Number.POSITIVE_INFINITY)) {
    throw new UserError(`--min-evals must be at most --max-evals (${maxEvals}), got ${minEvals}`);
  }
  const asked = new Set<string>();
  let leftOut = 0;
  const isNamed = (name: string): boolean => {
    if (patterns === undefined) return true;
    asked.add(name);
    let fits = false;
    for (const known of patterns) {
      if (known.pattern !== null ? !known.pattern.test(name) : known.text !== name) continue;
      known.found = true;
      fits = true;
    }
    return fits;
  };
  return {
    names: isNamed,
    wants(layer) {
      if (!isNamed(layer.name)) return false;
      const { rows, cols, count } = layerShape(layer, conv);
      const evals = Math.min(rows, cols) * count;
      const isWanted =
        (kinds?.includes(layer.kind) ?? true) &&
        evals >= (minEvals ?? 0) &&
        evals <= (maxEvals ?? Number.POSITIVE_INFINITY);
      if (!isWanted) leftOut++;
      return isWanted;
    },
    leftOut: () => leftOut,
    checkNames(where) {
      const missing = patterns?.find(({ found }) => !found);
      if (missing === undefined) return;
      const known = [...asked];
      const listed = known.slice(0, MAX_KNOWN).join(', ');
      throw new UserError(
        `unknown layer: ${missing.text} in ${where}${didYouMean(missing.text, known)}`,
        known.length === 0 ? undefined : `Known: ${listed}${known.length > MAX_KNOWN ? ', ...' : ''}`,
      );
    },
  };
}

/** Returns the regular expression of a pattern, or null for a plain name. Names with brackets in them (`experts[0]`) are plain. */
function patternOf(text: string): RegExp | null {
  const regular = /^\/(.+)\/(i?)$/.exec(text);
  if (regular !== null) {
    try {
      return new RegExp(regular[1]!, regular[2]);
    } catch (error) {
      throw new UserError(
        `--layers must be names, globs or /regular expressions/, got ${text}: ${(error as Error).message}`,
      );
    }
  }
  if (!/[*?{]/.test(text)) return null;
  const source = text
    .replace(/[.+^$()|[\]\\]/g, '\\$&')
    .replace(/\{([^{}]*)\}/g, (_, parts: string) => `(${parts.replaceAll(',', '|')})`);
  return new RegExp(`^${source.replace(/[{}]/g, '\\$&').replace(/\*+/g, '.*').replaceAll('?', '.')}$`);
}
