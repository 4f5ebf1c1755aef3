import { basename } from 'node:path';

/** A drawn figure that the paper has, and what it shows. */
export interface PaperFigure {
  /** Path of the SVG file. */
  figure: string;
  shows: string;
}

/** Returns those of the drawn figures (paths of SVG files) that the patterns name, in the order of the patterns; `*` stands for anything. */
export function paperFigures(
  patterns: Readonly<Record<string, string>>,
  drawn: readonly string[],
): PaperFigure[] {
  return Object.entries(patterns).flatMap(([pattern, shows]) => {
    const parts = pattern.split('*').map((part) => part.replace(/[.+=]/g, '\\$&'));
    const whole = new RegExp(`^${parts.join('.*')}\\.svg$`);
    return drawn.filter((path) => whole.test(basename(path))).map((figure) => ({ figure, shows }));
  });
}
