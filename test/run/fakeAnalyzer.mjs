// Stands in for `analyze-live`: does as the name of the run says, and leaves a file for each that it was told of.
import { writeFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { join } from 'node:path';

const dir = process.argv[3];
if (dir.endsWith('broken')) {
  console.error('cannot be');
  process.exit(3);
}
process.on('disconnect', () => process.exit(0));
process.on('message', ({ type, run }) => {
  if (type === 'stop') process.exit(0);
  writeFileSync(join(dir, run), `${process.pid} ${getPriority()}`);
  if (run === 'doubtful') process.send({ type: 'failed', run, reason: 'no spectrum' });
  else process.send({ type: 'analyzed', run });
  if (run === 'deaf') process.removeAllListeners('message').on('message', () => {});
});
