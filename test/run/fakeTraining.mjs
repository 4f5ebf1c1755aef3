// Stands in for `train-one`: leaves the files of a finished run, and a line in trained.log when it begins and when it ends. A run of seed
// 666 is killed. As `analyze-live` it does nothing.
import { appendFileSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

if (process.argv[2] !== 'train-one') process.exit(0);
process.on('message', (message) => {
  if (message.type !== 'task') return;
  const { run, dir, config } = message.task;
  const log = join(dirname(dirname(dir)), 'trained.log');
  appendFileSync(log, `begins ${run}\n`);
  mkdirSync(dir, { recursive: true });
  write(join(dir, 'config.json'), JSON.stringify(config));
  if (config.seed === 666) process.kill(process.pid, 'SIGKILL');
  const now = new Date().toISOString();
  const status = {
    state: 'done',
    epoch: config.epochs,
    epochs: config.epochs,
    images_per_second: null,
    pid: process.pid,
    host: 'here',
    started_at: now,
    updated_at: now,
    finished_at: now,
    error: null,
    stopped_early: false,
  };
  setTimeout(() => {
    // In the program's order: at no moment does the folder look as if it had lost its checkpoint.
    write(join(dir, 'checkpoint.safetensors'), '');
    write(join(dir, 'metrics.csv'), METRICS);
    write(join(dir, 'status.json'), JSON.stringify(status));
    appendFileSync(log, `ends ${run}\n`);
    process.send({ type: 'ended', status }, () => process.disconnect());
  }, 100);
});

/** Whole or not at all, as the program writes: other workers read meanwhile. */
function write(path, text) {
  writeFileSync(`${path}.${process.pid}.tmp`, text);
  renameSync(`${path}.${process.pid}.tmp`, path);
}

const METRICS = `epoch,learning_rate,train_loss,train_accuracy,test_loss,test_accuracy,images_per_second,train_time_s
0,,,,2.3,0.1,,
1,0.01,1,0.5,1,0.5,100,1
`;
