import type { PagePayload } from '../page/content/pagePayload.ts';
import type { Progress } from '../page/content/progressPart.ts';

/** What is served while it changes. */
export interface PageFeed {
  /** Returns the page as things stand. */
  html(): string;
  /** Returns what moves the page to how things stand; the same object where nothing has changed. */
  payload(): PagePayload;
  /** Returns how the runs stand; null before there are any. */
  progress(): Progress;
}
