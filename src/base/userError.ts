/** An error the user can mend: shown without a stack, and ends the command with exit code 2. */
export class UserError extends Error {
  override readonly name = 'UserError';
  /** The message as it is shown; what a line quotes cannot begin another. */
  readonly lines: readonly string[];
  /** `remedy` is the command or change that mends it, shown on a line of its own. */
  constructor(
    message: string | readonly string[],
    readonly remedy?: string,
  ) {
    const lines = typeof message === 'string' ? [message] : message;
    super(lines.join('\n'));
    this.lines = lines;
  }
}
