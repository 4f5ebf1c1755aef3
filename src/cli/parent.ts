/**
 * Calls `act` when the process that started this one with a channel lets go of it or dies; at once where it has already, which tells
 * nobody of itself.
 */
export function whenParentGoes(act: () => void): void {
  if (process.send !== undefined && !process.connected) act();
  else process.on('disconnect', act);
}

/**
 * Leaves Ctrl-C and the end of the terminal to the process that started this one: every process of a command is told of them, and what
 * to do is the parent's to say.
 */
export function leaveTerminalToParent(): void {
  for (const name of ['SIGINT', 'SIGHUP'] as const) process.on(name, () => {});
}
