import type { Way } from './proofTask.ts';

/** One statement that a proof holds or not. Keys are those of `--json`. */
export interface ProofCheck {
  name: string;
  holds: boolean;
  /** What was seen, in words. */
  found: string;
  /** The figures behind it. */
  figures: Readonly<Record<string, number | string | boolean | null>>;
}

/** Images a second of one network at one batch size. */
export interface ProofSpeed {
  network: string;
  batch: number;
  way: Way | 'PyTorch';
  images_per_second: number | null;
  /** Seconds until the first steps were done, compilers' time included. */
  preparing_s: number | null;
  /** Why there is no figure; null where there is one. */
  reason: string | null;
}

/** What `doctor --gpu-proof --json` prints. */
export interface Proof {
  holds: boolean;
  device: string;
  phasewatch: string;
  node: string;
  started_at: string;
  seconds: number;
  checks: ProofCheck[];
  speeds: ProofSpeed[];
}
