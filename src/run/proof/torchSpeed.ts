import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type AskOptions, endOf, OUT_OF_TIME } from './askProcess.ts';

/** The package's own folder peers/, as far above this file in src/ as in dist/. */
const SCRIPT = fileURLToPath(new URL('../../../peers/torch_training.py', import.meta.url));
const TAIL_CHARACTERS = 300;

/** What PyTorch trains on the same device at: images a second, or why there is no figure. */
export type TorchSpeed =
  | { imagesPerSecond: number; preparingSeconds: number; versions: string }
  | { reason: string };

/** Returns the speed of PyTorch, where `python3` has it, on `device` (`cpu` or `gpu:N`), measured over `seconds`. */
export function torchSpeed(
  network: string,
  batch: number,
  { device, seconds, ...end }: { device: string; seconds: number } & Pick<AskOptions, 'signal' | 'late'>,
): Promise<TorchSpeed> {
  end.signal.throwIfAborted();
  const started = performance.now();
  return new Promise((resolve, reject) => {
    // as loadEngine does: the GPU with this number, whatever a scheduler had made visible
    const gpu = device === 'cpu' ? null : device.slice('gpu:'.length);
    const child = spawn('python3', [SCRIPT, network, String(batch), gpu === null ? 'cpu' : 'cuda:0'], {
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1', CUDA_VISIBLE_DEVICES: gpu ?? '-1' },
      signal: endOf(end),
      killSignal: 'SIGKILL',
    });
    let printed = '';
    let said = '';
    let ready = started;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (printed === '') ready = performance.now();
      printed += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-TAIL_CHARACTERS);
    });
    child.on('error', (error) => {
      said = error.message;
    });
    child.stdin.on('error', () => {});
    child.stdin.end(`${seconds}\n`);
    child.on('close', (code) => {
      if (end.signal.aborted) return reject(end.signal.reason);
      if (end.late?.aborted) return resolve({ reason: OUT_OF_TIME });
      const [facts, measurement] = printed.trim().split('\n');
      if (code !== 0 || facts === undefined || measurement === undefined) {
        return resolve({ reason: said.trim().split('\n').at(-1) || `python3 ended with exit code ${code}` });
      }
      const { units, wall_s } = JSON.parse(measurement) as { units: number; wall_s: number };
      resolve({
        imagesPerSecond: (units * batch) / wall_s,
        preparingSeconds: (ready - started) / 1000,
        versions: (JSON.parse(facts) as { versions: string }).versions,
      });
    });
  });
}
