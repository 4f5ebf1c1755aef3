import fs, { writeSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { loadEngine } from '../../src/train/engine/loadEngine.ts';
import { type TrainingJob, trainJob } from './trainingJobs.ts';

/** What the parent asks for, as JSON in the first argument. */
export interface ChildOrder {
  jobs: TrainingJob[];
  /** Load the engine as for networks of dense layers alone. */
  denseOnly?: boolean;
  /** Die by SIGKILL right before or after the so-and-so-manieth rename (1 is the first), which is what makes a file visible. */
  killAt?: { rename: number; moment: 'before' | 'after' };
}

const { jobs, denseOnly = false, killAt }: ChildOrder = JSON.parse(process.argv[2]!);

const say = (text: string): void => {
  writeSync(1, `${text}\n`);
};

let renames = 0;
const { renameSync } = fs;
fs.renameSync = (from, to) => {
  renames++;
  const die = (moment: string): void => {
    if (killAt?.rename === renames && killAt.moment === moment) process.kill(process.pid, 'SIGKILL');
  };
  die('before');
  renameSync(from, to);
  die('after');
};
syncBuiltinESMExports();

loadEngine({ denseOnly });
for (const job of jobs) {
  let announced = false;
  const status = await trainJob(job, (event) => {
    if (event.type !== 'step' || announced) return;
    announced = true;
    say('training');
  });
  say(status.state);
  if (status.error !== null) say(status.error);
}
say(`renames ${renames}`);
