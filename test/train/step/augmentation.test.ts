import { expect, it } from 'vitest';
import { randomStream } from '../../../src/base/random/stream.ts';
import type { RunConfig } from '../../../src/experiment/config/schema.ts';
import { loadEngine } from '../../../src/train/engine/loadEngine.ts';
import { GraphBuilder, type Output } from '../../../src/train/graph/graphBuilder.ts';
import { GraphSession } from '../../../src/train/graph/graphSession.ts';
import { addAugmentation } from '../../../src/train/step/augmentation.ts';
import type { StepBuilder } from '../../../src/train/step/stepBuilder.ts';

const SHAPE = [4, 5, 2];
const SIZE = 40;
const BATCH = 60;

/** Returns the images (none 0) after augmentation in a step, as many as the batch, and the uniforms of each purpose. */
function augmented(augment: RunConfig['augment'], step: number, seed = 3) {
  const graph = new GraphBuilder();
  const values = Array.from({ length: BATCH * SIZE }, (_, i) => i + 1);
  const images = graph.constant(values, [BATCH, ...SHAPE], 'float32');
  const uniforms = new Map<string, Output>();
  const builder = {
    graph,
    batch: BATCH,
    randomUniform(purpose: string, shape: readonly number[]) {
      const seeds = graph.constant([randomStream(seed, purpose).uint32() | 0, step], [2], 'int32');
      const uniform = graph.op(
        'StatelessRandomUniform',
        [graph.constant(shape, [shape.length], 'int32'), seeds],
        { dtype: { type: 'float32' }, T: { type: 'int32' }, Tseed: { type: 'int32' } },
      );
      uniforms.set(purpose, uniform);
      return uniform;
    },
  } as unknown as StepBuilder;
  const seen = addAugmentation(builder, augment, images, SHAPE);
  const session = new GraphSession(loadEngine().binding, graph);
  try {
    const [found, ...drawn] = session.run({}, [seen, ...uniforms.values()]);
    const names = [...uniforms.keys()];
    return { values, found: found!, drawn: new Map(drawn.map((u, i) => [names[i]!, u])) };
  } finally {
    session.close();
  }
}

it.each([[{ flip: true, shift: 0 }], [{ flip: false, shift: 2 }], [{ flip: true, shift: 3 }]])(
  'mirrors and shifts image by image as the random numbers of the step say: %o',
  (augment) => {
    const { values, found, drawn } = augmented(augment, 8);
    const moved = new Set<string>();
    for (let image = 0; image < BATCH; image++) {
      const shift = (purpose: string): number =>
        augment.shift === 0
          ? 0
          : Math.floor((2 * augment.shift + 1) * drawn.get(purpose)![image]!) - augment.shift;
      const [down, right] = [shift('augment/rows'), shift('augment/columns')];
      const mirrored = augment.flip && drawn.get('augment/flip')![image]! < 0.5;
      moved.add(`${down} ${right} ${mirrored}`);
      for (let y = 0; y < 4; y++) {
        for (let x = 0; x < 5; x++) {
          for (let c = 0; c < 2; c++) {
            const [row, column] = [y + down, x + right];
            const inside = row >= 0 && row < 4 && column >= 0 && column < 5;
            const from = mirrored ? 4 - column : column;
            const expected = inside ? values[image * SIZE + (row * 5 + from) * 2 + c]! : 0;
            expect(found[image * SIZE + (y * 5 + x) * 2 + c]).toBe(expected);
          }
        }
      }
    }
    expect(moved.size).toBeGreaterThan(augment.shift === 0 ? 1 : 12);
  },
);

it('draws anew in each step, and the same for the same step', () => {
  const of = (step: number, seed?: number) => augmented({ flip: true, shift: 2 }, step, seed).found;
  expect(of(3)).toEqual(of(3));
  expect(of(3)).not.toEqual(of(4));
  expect(of(3)).not.toEqual(of(3, 4));
});

it('leaves images alone where there is none', () => {
  const { values, found } = augmented(null, 0);
  expect([...found]).toEqual(values);
});
