/**
 * Calls `act` when the process that started this one with a channel lets go of it or dies; at once where it has already, which tells
 * nobody of itself.
 */
export function whenParentGoes(act: () => void): void {
  if (process.send !== undefined && !process.connected) act();
  else process.on('disconnect', act);
}
