/** An error the user can mend: shown as one line, without a stack, and ends the command with exit code 2. */
export class UserError extends Error {
  override readonly name = 'UserError';
  /** `remedy` is the command or change that mends it, shown on a line of its own. */
  constructor(
    message: string,
    readonly remedy?: string,
  ) {
    super(message);
  }
}
