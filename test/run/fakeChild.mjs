// Stands in for `phasewatch train-one`: does what the seed of its task says, without an engine.
const status = (task, state, error = null) => ({
  state,
  epoch: state === 'done' ? task.config.epochs : 0,
  epochs: task.config.epochs,
  images_per_second: null,
  pid: process.pid,
  host: 'here',
  started_at: '',
  updated_at: '',
  finished_at: null,
  error,
  stopped_early: false,
});
let task;
const end = (state, error) =>
  process.send({ type: 'ended', status: status(task, state, error) }, () => process.disconnect());
const event = (value) => process.send({ type: 'event', event: { run: task.run, ...value } });

const acts = {
  1: () =>
    setTimeout(() => {
      event({ type: 'run-finished' });
      end('done');
    }, 50),
  2: () => {
    console.error('something\nsegmentation of the last line');
    process.exit(3);
  },
  3: () => process.kill(process.pid, 'SIGKILL'),
  4: () => {
    event({ type: 'run-failed', error: 'loss is NaN' });
    end('failed', 'loss is NaN');
  },
  5: () => {}, // goes on until it is interrupted
};
process.on('message', (message) => {
  if (message.type === 'interrupt') return end('interrupted');
  task = message.task;
  event({ type: 'run-started', resumedAt: null, pid: process.pid, words: process.argv.slice(2) });
  acts[task.config.seed]();
});
