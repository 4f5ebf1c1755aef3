import { ensureEngine } from '../src/train/engine/install/ensureEngine.ts';
import { createProgressLine } from '../src/view/terminal/progressLine.ts';

/** Installs the native engine once, before the first test, where it is missing. */
export default async function setup(): Promise<void> {
  const progress = createProgressLine(process.stderr);
  await ensureEngine({ onMessage: (message) => progress.update(message) });
  progress.clear();
}
