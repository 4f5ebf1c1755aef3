/**
 * Runs the tasks side by side and returns their results. When one fails the others are told by their signal, and the first failure is
 * thrown once all have ended, so that nothing goes on behind the caller's back.
 */
export async function runTogether<A, B>(
  first: (signal: AbortSignal) => Promise<A>,
  second: (signal: AbortSignal) => Promise<B>,
  signal?: AbortSignal,
): Promise<[A, B]> {
  const stop = new AbortController();
  const either = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  let failure: { error: unknown } | null = null;
  const guarded = async <T>(task: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> => {
    try {
      return await task(either);
    } catch (error) {
      failure ??= { error };
      stop.abort();
      return undefined;
    }
  };
  const results = await Promise.all([guarded(first), guarded(second)]);
  if (failure !== null) throw (failure as { error: unknown }).error;
  return results as [A, B];
}

/** Returns the results of the tasks once all have ended; the first failure is thrown then, when nobody writes files any more. */
export async function allEnded<T>(tasks: readonly Promise<T>[]): Promise<T[]> {
  const ended = await Promise.allSettled(tasks);
  return ended.map((task) => {
    if (task.status === 'rejected') throw task.reason;
    return task.value;
  });
}
