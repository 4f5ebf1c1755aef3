import { createProgressLine } from '../src/cli/progressLine.ts';
import { ensureEngine } from '../src/engine/ensureEngine.ts';

/** Installs the native engine once, before the first test, where it is missing. */
export default async function setup(): Promise<void> {
  const progress = createProgressLine(process.stderr);
  await ensureEngine({ onMessage: (message) => progress.update(message) });
  progress.clear();
}
