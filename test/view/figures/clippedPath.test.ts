import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clippedPath } from '../../../src/view/figures/clippedPath.ts';

const FRAME = { left: -300, right: 600, top: -200, bottom: 400 };
const cut = (d: string): string => clippedPath(d, FRAME);

type Point = [number, number];
const pointsOf = (d: string): Point[][] =>
  (d.match(/M[^M]*/g) ?? []).map((part) =>
    part
      .replace(/[MZ]/g, '')
      .split('L')
      .map((pair) => pair.split(',').map(Number) as Point),
  );
const inFrame = ([x, y]: Point, room: number): boolean =>
  x >= -300 - room && x <= 600 + room && y >= -200 - room && y <= 400 + room;

const coordinate = fc.oneof(fc.integer({ min: -900, max: 900 }), fc.integer({ min: -1e9, max: 1e9 }));
const points = fc.array(fc.tuple(coordinate, coordinate), { minLength: 2, maxLength: 8 });

describe('clippedPath', () => {
  it('leaves what lies in the frame, and what is no straight line, as it is', () => {
    for (const d of [
      'M1,2L3.25,-4e1',
      'M0,0L1,1L2,0Z',
      'M5,5Z',
      'M1,1C1e9,0 0,1e9 3,3',
      'M1e9,0A1,1 0 1 1 9,9',
    ]) {
      expect(cut(d)).toBe(d);
    }
  });

  it('ends lines at the frame, and parts them where they leave it', () => {
    expect(cut('M56,-1e9L56,1e9')).toBe('M56,-200L56,400');
    expect(cut('M0,100L0,1000L10,1000L10,100')).toBe('M0,100L0,400M10,400L10,100');
    expect(cut('M0,1000L10,1000')).toBe('');
    expect(cut('M0,0L1,1M0,1e7L1,1e7')).toBe('M0,0L1,1');
  });

  it('keeps the area of a polygon in the frame', () => {
    const [corners] = pointsOf(cut('M-1e8,-1e8L1e8,-1e8L1e8,1e8L-1e8,1e8Z')) as [Point[]];
    expect(new Set(corners.map(String))).toEqual(new Set(['-300,-200', '600,-200', '600,400', '-300,400']));
    expect(cut('M0,500L10,500L10,900Z')).toBe('');
  });

  it('keeps of any line nothing outside the frame and every point inside', () => {
    const { max, min, abs } = Math;
    fc.assert(
      fc.property(points, fc.double({ min: 0, max: 1, noNaN: true }), (line, share) => {
        const pieces = pointsOf(cut(`M${line.join('L')}`));
        for (const point of pieces.flat()) expect(inFrame(point, 1e-3)).toBe(true);
        const near = ([x, y]: Point): boolean =>
          pieces.some((piece) =>
            piece.some((to, i) => {
              const from = piece[max(0, i - 1)]!;
              const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
              const along = ((x - from[0]) * dx + (y - from[1]) * dy) / (dx * dx + dy * dy || 1);
              const at = max(0, min(1, along));
              return abs(from[0] + at * dx - x) + abs(from[1] + at * dy - y) < 1e-3;
            }),
          );
        for (const [i, to] of line.slice(1).entries()) {
          const from = line[i]!;
          const point: Point = [from[0] + share * (to[0] - from[0]), from[1] + share * (to[1] - from[1])];
          if (inFrame(point, -1e-3) && String(from) !== String(to)) expect(near(point)).toBe(true);
        }
      }),
    );
  });
});
