/** The images and labels of one split, not yet read. */
export interface SplitSource {
  /** Images, height, width, and channels where there are such. */
  shape: readonly number[];
  readImages(): Uint8Array;
  readLabels(): ArrayLike<number>;
  /** What an error about it names. */
  subject: string;
}

/** The splits that a path holds, and the files they are in. */
export interface OwnSource {
  train: SplitSource;
  test: SplitSource;
  files: readonly string[];
}
