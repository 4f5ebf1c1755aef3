// Stands in for `phasewatch prove-one` on a device that is wrong in the way that the variable FAULT names.
const FAULT = process.env.FAULT ?? '';
process.once('message', ({ device, tensorFloat32, work }) => {
  const tell = (answer) => process.send(answer);
  const gpu = device !== 'cpu';
  if (FAULT === 'hangs') setInterval(() => {}, 1000);
  if (FAULT === 'crash' && gpu) {
    process.stderr.write('Illegal address\n');
    process.kill(process.pid, 'SIGABRT');
    return;
  }
  tell({ type: 'engine', engine: { tensorflow: '2.21.0', variant: 'cuda', gpu, nvidia: [] } });
  if (work.type === 'products') {
    const rounded = gpu && (tensorFloat32 ? FAULT !== 'never rounds' : FAULT === 'always rounds');
    tell({ type: 'products', matrix: rounded ? 512 : 512.125, convolution: rounded ? 576 : 576.140625 });
  } else if (work.type === 'memory') {
    const most = FAULT === 'no cap' ? 16e9 : FAULT === 'no memory' ? 0 : work.part * 16e9;
    tell({ type: 'memory', had: work.bytes.map((size) => size <= most) });
  } else if (work.type === 'train') {
    for (const network of work.networks) {
      const before = new Map([['fc/kernel', Float32Array.of(1, 2)]]);
      const wrong = gpu && FAULT === 'wrong step' && network === 'mlp3' ? 1e-3 : 0;
      const noise = FAULT === 'other bytes' && network === 'lenet5' ? Math.random() : 0;
      const after = new Map([['fc/kernel', Float32Array.of(1.5 + wrong + noise, 2.5)]]);
      tell({ type: 'trained', network, before, after: Array.from({ length: work.trials }, () => after) });
    }
  }
  if (work.type === 'speeds') {
    tell({ type: 'speed', batch: 2, imagesPerSecond: 100, preparingSeconds: 0.1 });
  }
  if (FAULT !== 'hangs') setTimeout(() => process.exit(0), 20);
});
