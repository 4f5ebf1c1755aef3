import { ensureEngine } from '../src/engine/ensureEngine.ts';

/** Installs the native engine once, before the first test, where it is missing. */
export default async function setup(): Promise<void> {
  await ensureEngine({ onMessage: (message) => console.error(message) });
}
