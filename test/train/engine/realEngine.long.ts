// Installs the real engine, over the network, into a folder of its own, and loads it in processes of their own.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensureEngine } from '../../../src/train/engine/install/ensureEngine.ts';
import { installEngine } from '../../../src/train/engine/install/installEngine.ts';

const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
const loader = new URL('../../../src/train/engine/loadEngine.ts', import.meta.url).href;
let cache: string;

beforeAll(async () => {
  cache = mkdtempSync(join(tmpdir(), 'phasewatch-real-'));
  process.env.PHASEWATCH_CACHE = cache;
  delete process.env.PHASEWATCH_ENGINE;
  const { installed, engine } = await installEngine({ variant: 'cpu' });
  expect(installed).toBe(true);
  expect(engine.manifest.tensorflow).toBe('2.21.0');
}, 600_000);
afterAll(() => rmSync(cache, { recursive: true, force: true }));

async function run(
  body: string,
  env: Record<string, string> = {},
): Promise<{ stdout: string; stderr: string }> {
  const script = `import { loadEngine } from ${JSON.stringify(loader)};\n${body}`;
  return promisify(execFile)(process.execPath, ['--import', tsx, '--input-type=module', '-e', script], {
    env: { ...process.env, ...env },
  });
}

describe('the real engine', () => {
  test('is found by the next call', async () => {
    expect((await ensureEngine()).folder).toBe(join(cache, 'engine/2.21.0-cpu'));
  });

  test('loads, multiplies through tfjs and says nothing on stderr', async () => {
    const { stdout, stderr } = await run(`
      const { tf, binding, info } = loadEngine();
      const product = tf.matMul(tf.tensor2d([[1, 2], [3, 4]]), tf.tensor2d([[5, 6], [7, 8]]));
      const top = tf.topk(tf.tensor1d([1, 3, 2]), 1);
      console.log(JSON.stringify([binding.TF_Version, info.usesGpu, [...product.dataSync()], [...top.values.dataSync()]]));`);
    expect(JSON.parse(stdout)).toEqual(['2.21.0', false, [19, 22, 43, 50], [3]]);
    expect(stderr).toBe('');
  });

  test('takes the number of threads it is given, once', async () => {
    const { stdout } = await run(`
      loadEngine({ threads: 1 });
      loadEngine();
      loadEngine({ threads: 1 });
      const { TF_NUM_INTRAOP_THREADS, TF_NUM_INTEROP_THREADS } = process.env;
      let refused = '';
      try { loadEngine({ threads: 2 }); } catch (error) { refused = error.message; }
      console.log(JSON.stringify([TF_NUM_INTRAOP_THREADS, TF_NUM_INTEROP_THREADS, refused]));`);
    const [intra, inter, refused] = JSON.parse(stdout);
    expect([intra, inter]).toEqual(['1', '1']);
    expect(refused).toMatch(/must be the same at every load/);
  });

  test('has no GPU in the build for CPUs, and says what would bring one', async () => {
    const { stdout } = await run(`
      try { loadEngine({ device: 0 }); } catch (error) { console.log(JSON.stringify([error.message, error.remedy])); }`);
    const [message, remedy] = JSON.parse(stdout);
    expect(message).toMatch(/device gpu:0 must be a GPU that TensorFlow can use, got none/);
    expect(remedy).toBe('phasewatch engine install --gpu');
  });
});
