import { readdirSync, statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { UserError } from '../../base/userError.ts';
import { resultsLayout } from '../../experiment/results/layout.ts';
import { readResults } from '../../experiment/results/readResults.ts';
import { experimentStatus } from '../../experiment/status/experimentStatus.ts';
import { pageMarkup } from '../page/buildReport.ts';
import { type PageData, pageData } from '../page/content/pageData.ts';
import { type PagePayload, packPage } from '../page/content/pagePayload.ts';
import type { Progress } from '../page/content/progressPart.ts';
import type { ReportInput } from '../page/content/reportInput.ts';
import { PooledBefore } from '../page/pooledBefore.ts';
import { EVENTS_PATH } from './eventServer.ts';
import type { PageFeed } from './pageFeed.ts';

/** What the folder held at a time, read once; page and payload are made of it when they are asked for. */
interface Shown {
  stamp: string;
  data: PageData;
  html: string | null;
  payload: PagePayload | null;
}

/** What a results folder has to show, read anew where a file of it has changed. It is only read, and need not be there yet. */
export class ResultsFeed implements PageFeed {
  private readonly dir: string;
  private shown: Shown | null = null;
  private readonly pooled = new PooledBefore();

  /** `told` says how the runs stand where the folder does not: its spectra are of trainings elsewhere. */
  constructor(
    dir: string,
    private readonly told: (() => readonly string[]) | null = null,
  ) {
    this.dir = resolve(dir);
  }

  html(): string {
    const shown = this.current();
    shown.html ??= pageMarkup(shown.data, { events: EVENTS_PATH, progress: this.progress() });
    return shown.html;
  }

  payload(): PagePayload {
    const shown = this.current();
    shown.payload ??= packPage(shown.data);
    return shown.payload;
  }

  progress(): Progress {
    if (this.told !== null) return { lines: this.told() };
    try {
      const { dir: _, damage: __, ...progress } = experimentStatus(this.dir);
      return progress;
    } catch (error) {
      if (isOfFiles(error)) return null;
      throw error;
    }
  }

  private current(): Shown {
    const stamp = this.stamp();
    if (this.shown?.stamp !== stamp) {
      const data = this.pooled.during((pool) => pageData(this.input(), pool));
      this.shown = { stamp, data, html: null, payload: null };
    }
    return this.shown;
  }

  private input(): ReportInput {
    const damage: string[] = [];
    try {
      return { ...readResults(this.dir, (_, error) => damage.push(error.message)), damage };
    } catch (error) {
      if (!isOfFiles(error)) throw error;
      // What keeps the page empty is said on it; a folder that is still to come is no damage.
      if (!(error instanceof UserError)) damage.push(error.message);
      const experiment = { name: basename(this.dir), description: null, yaml: null };
      return { experiment, runs: [], spectra: [], reproduction: [], esd: () => null, damage };
    }
  }

  /** Changes with every file that the page is made of: each is written anew under its name. */
  private stamp(): string {
    const layout = resultsLayout(this.dir);
    const runs = namesIn(layout.runs).flatMap((run) => {
      const files = layout.run(run);
      return [files.config, files.status, files.metrics, files.provenance];
    });
    const esd = namesIn(layout.esdFolder).map((name) => `${layout.esdFolder}/${name}`);
    return [layout.experiment, layout.spectra, layout.reproduction, ...runs, ...esd].map(stampOf).join('\n');
  }
}

/** The folder may be damaged, or go while it is read: the error of a system call has a code. */
const isOfFiles = (error: unknown): error is Error =>
  error instanceof UserError || (error instanceof Error && 'code' in error);

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

/** Changes with the file; one that is gone or cannot be looked at is its name. */
function stampOf(path: string): string {
  try {
    const { ino, size, mtimeMs } = statSync(path);
    return `${path} ${ino} ${size} ${mtimeMs}`;
  } catch {
    return path;
  }
}
