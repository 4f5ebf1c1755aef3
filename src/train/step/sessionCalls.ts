/** Images that a session call should hold at least: below, the cost of a call shows beside the arithmetic. */
const IMAGES_PER_CALL = 64;
/** Steps of a call at most that stand in the graph one by one, which grows with them; more go round in a loop. */
export const MAX_UNROLLED_STEPS = 16;
/** Steps of a call on a GPU, which would wait for the host after each call; the epoch's progress and Ctrl-C wait for its end. */
const GPU_STEPS_PER_CALL = 500;
/** Images an evaluation takes at a time: enough to keep the cores busy, few enough that activations stay small. */
export const EVALUATION_BATCH = 500;

/** One call of the session: `steps` batches of `batch` images, the first of them batch number `first` of the epoch. */
export interface SessionCall {
  first: number;
  batch: number;
  steps: number;
}

/** Returns how many steps one call takes; it follows from batch size and kind of device alone, so that a resume repeats it. */
export function stepsPerCall(batchSize: number, gpu: boolean): number {
  if (gpu) return GPU_STEPS_PER_CALL;
  return Math.max(1, Math.min(MAX_UNROLLED_STEPS, Math.floor(IMAGES_PER_CALL / batchSize)));
}

/** Returns the number of batches of an epoch, the last and perhaps smaller one counted. */
export function batchesPerEpoch(images: number, batchSize: number): number {
  return Math.ceil(images / batchSize);
}

/** Returns the session calls that an epoch from batch number `from` on is made of; the last, smaller batch is one of its own. */
export function epochCalls(images: number, batchSize: number, from: number, gpu: boolean): SessionCall[] {
  const full = Math.floor(images / batchSize);
  const many = stepsPerCall(batchSize, gpu);
  const calls: SessionCall[] = [];
  let first = from;
  while (first < full) {
    // Calls begin at fixed batches, wherever the epoch is taken up, so that the graph holds every shape there can be.
    const whole = first % many === 0 && (gpu || first + many <= full);
    const steps = whole ? Math.min(many, full - first) : 1;
    calls.push({ first, batch: batchSize, steps });
    first += steps;
  }
  if (first === full && images > full * batchSize) {
    calls.push({ first, batch: images - full * batchSize, steps: 1 });
  }
  return calls;
}

/** Returns the distinct (batch, steps) that an epoch may call: what the graph must hold. */
export function callShapes(
  images: number,
  batchSize: number,
  gpu: boolean,
): { batch: number; steps: number }[] {
  const shapes = new Map<string, { batch: number; steps: number }>();
  // A resume may start at any batch, so single steps must be there whenever full batches are.
  const single = batchSize <= images ? [{ batch: batchSize, steps: 1 }] : [];
  for (const { batch, steps } of [...epochCalls(images, batchSize, 0, gpu), ...single]) {
    shapes.set(`${batch}x${steps}`, { batch, steps });
  }
  return [...shapes.values()];
}

/** Returns the distinct numbers of images that the calls of evaluations of so many images take: what the graph must hold. */
export function evaluationBatches(images: readonly number[]): number[] {
  const batches = images.flatMap((count) => [Math.min(count, EVALUATION_BATCH), count % EVALUATION_BATCH]);
  return [...new Set(batches)].filter((batch) => batch > 0);
}
