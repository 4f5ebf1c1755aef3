type Point = readonly [number, number];

/** The part of the plane that paths are cut to. */
export interface Frame {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/**
 * Returns SVG path data of straight lines cut to a frame: what lies inside is drawn as before, and nothing is written of what lies
 * outside. Path data with curves are returned as they are. A law far narrower than its axis is far higher than its panel, by 1e9 pixels
 * and more: rasterizers overflow, and resvg ends the process.
 */
export function clippedPath(d: string, frame: Frame): string {
  if (/[^MLZ\d\s,.e+-]/.test(d)) return d;
  const parts = d.match(/M[^M]*/g) ?? [];
  return parts.map((part) => clippedPart(part, frame)).join('');
}

function clippedPart(part: string, frame: Frame): string {
  const numbers = (part.match(/-?[\d.]+(?:e[+-]?\d+)?/g) ?? []).map(Number);
  const points = Array.from(
    { length: numbers.length / 2 },
    (_, i): Point => [numbers[2 * i]!, numbers[2 * i + 1]!],
  );
  if (points.every(([x, y]) => x >= frame.left && x <= frame.right && y >= frame.top && y <= frame.bottom)) {
    return part;
  }
  if (part.endsWith('Z')) {
    const polygon = clippedPolygon(points, frame);
    return polygon.length === 0 ? '' : `M${polygon.join('L')}Z`;
  }
  return clippedLine(points, frame)
    .map((line) => `M${line.join('L')}`)
    .join('');
}

/** The pieces of a line of points that lie in the frame. */
function clippedLine(points: readonly Point[], frame: Frame): Point[][] {
  const pieces: Point[][] = [];
  for (let i = 1; i < points.length; i++) {
    const segment = clippedSegment(points[i - 1]!, points[i]!, frame);
    if (segment === null) continue;
    const last = pieces.at(-1)?.at(-1);
    if (last !== undefined && last[0] === segment[0][0] && last[1] === segment[0][1]) {
      pieces.at(-1)!.push(segment[1]);
    } else {
      pieces.push(segment);
    }
  }
  return pieces;
}

/** Liang and Barsky (1984): the range of the segment's parameter that lies inside all four sides. */
function clippedSegment(a: Point, b: Point, { left, right, top, bottom }: Frame): [Point, Point] | null {
  const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
  let [from, to] = [0, 1];
  for (const [step, room] of [
    [-dx, a[0] - left],
    [dx, right - a[0]],
    [-dy, a[1] - top],
    [dy, bottom - a[1]],
  ] as const) {
    if (step === 0 && room < 0) return null;
    if (step < 0) from = Math.max(from, room / step);
    if (step > 0) to = Math.min(to, room / step);
  }
  if (from > to) return null;
  const at = (share: number): Point => [a[0] + share * dx, a[1] + share * dy];
  return [from === 0 ? a : at(from), to === 1 ? b : at(to)];
}

/** Sutherland and Hodgman (1974): the polygon, cut at one side of the frame after the other. */
function clippedPolygon(points: readonly Point[], { left, right, top, bottom }: Frame): Point[] {
  let polygon = [...points];
  for (const [axis, sign, limit] of [
    [0, 1, left],
    [0, -1, -right],
    [1, 1, top],
    [1, -1, -bottom],
  ] as const) {
    const inside = (point: Point): number => sign * point[axis] - limit;
    polygon = polygon.flatMap((point, i) => {
      const before = polygon.at(i - 1)!;
      const [now, then] = [inside(point), inside(before)];
      const share = then / (then - now);
      const crossing = [0, 1].map((k) =>
        k === axis ? sign * limit : before[k]! + share * (point[k]! - before[k]!),
      );
      return [
        ...(now >= 0 !== then >= 0 ? [crossing as [number, number]] : []),
        ...(now >= 0 ? [point] : []),
      ];
    });
  }
  return polygon;
}
