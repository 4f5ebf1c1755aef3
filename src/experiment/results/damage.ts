import { UserError } from '../../base/userError.ts';

/** Hears of a file that cannot be read, so that the others still are. */
export type OnDamage = (path: string, error: UserError) => void;

/** Reading stops at the first file that cannot be read: numbers that would quietly be of fewer runs are none. */
export const refuseDamage: OnDamage = (_, error) => {
  throw error;
};

/** Returns what `read` does or, where it throws a UserError and `onDamage` goes on, `instead`. */
export function readOrElse<T>(path: string, read: () => T, instead: T, onDamage: OnDamage): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    onDamage(path, error);
    return instead;
  }
}
