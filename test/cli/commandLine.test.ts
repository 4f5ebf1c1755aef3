import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { runCommandLine } from '../../src/cli/commandLine.ts';
import { COMMANDS } from '../../src/cli/commands.ts';
import { loadExperiment } from '../../src/experiment/sweep/loadExperiment.ts';
import { writeConfig } from '../experiment/config/writtenConfig.ts';
import { resultsFolder, writeRun } from '../experiment/status/resultsFixture.ts';
import { type Ended, phasewatch } from './phasewatchProcess.ts';

// Starting a process takes a second on an idle machine and a minute on a crowded one.
vi.setConfig({ testTimeout: 120_000 });

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'phasewatch-cli-'));
const cache = { PHASEWATCH_CACHE: join(folder, 'cache') };
beforeAll(() => void vi.stubEnv('PHASEWATCH_CACHE', cache.PHASEWATCH_CACHE));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** As `phasewatch`, in this process: without the start of one. */
async function callHere(words: readonly string[]): Promise<Ended> {
  const said = { stdout: '', stderr: '' };
  const take = (stream: keyof typeof said) => (text: string | Uint8Array) => {
    said[stream] += text;
    return true;
  };
  vi.spyOn(process.stdout, 'write').mockImplementation(take('stdout'));
  vi.spyOn(process.stderr, 'write').mockImplementation(take('stderr'));
  vi.spyOn(console, 'log').mockImplementation((text: string) => {
    said.stdout += `${text}\n`;
  });
  process.exitCode = undefined;
  try {
    await runCommandLine(words);
    return { code: Number(process.exitCode ?? 0), ...said };
  } finally {
    process.exitCode = undefined;
    vi.restoreAllMocks();
  }
}

describe('help', () => {
  it('lists every command', async () => {
    const { code, stdout, stderr } = await phasewatch(['--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const [name, { hidden }] of Object.entries(COMMANDS)) {
      if (hidden !== true) expect(stdout).toContain(`phasewatch ${name}`);
    }
  });

  it.each(Object.keys(COMMANDS).filter((name) => COMMANDS[name]!.hidden !== true))(
    'of %s has an example',
    async (name) => {
      const { code, stdout } = await callHere([name, '--help']);
      expect(code).toBe(0);
      expect(stdout).toMatch(/Examples:|Commands:/);
    },
  );
});

describe('wrong usage', () => {
  it.each<[string, string[], string]>([
    ['no command', [], 'a command is missing'],
    ['unknown command', ['rnu', 'x'], 'unknown command: rnu (did you mean run?)'],
    [
      'unknown option',
      ['run', 'configs/quick.yaml', '--jbos', '2'],
      'unknown option: --jbos (did you mean --jobs?)',
    ],
    ['missing argument', ['run'], 'an argument is missing: phasewatch run <config>'],
    ['argument too many', ['run', 'configs/quick.yaml', 'more'], 'unexpected argument: more'],
    [
      'no number',
      ['run', 'configs/quick.yaml', '--jobs', 'two'],
      '--jobs must be a whole number of at least 1, got two',
    ],
    [
      'option twice',
      ['run', 'configs/quick.yaml', '--out', 'a', '--out', 'b'],
      '--out must be given once, got 2 times: a, b',
    ],
    [
      'unknown device',
      ['run', 'configs/quick.yaml', '--device', 'gup'],
      '--device must be cpu or gpu:N, got gup',
    ],
    ['no such results', ['status', '/nonexistent'], 'results folder must exist, got /nonexistent'],
  ])('%s: exit 2, nothing on stdout, what is wrong in the first line', async (_, words, message) => {
    const { code, stdout, stderr } = await callHere(words);
    expect({ code, stdout, first: stderr.split('\n')[0] }).toEqual({
      code: 2,
      stdout: '',
      first: `phasewatch: ${message}`,
    });
  });

  it('in a config: file, line and nearest key; nothing is written', async () => {
    const config = writeConfig('network: lenet5\ndataset: mnist\nbathSize: 3\n');
    const out = join(folder, 'never');
    const { code, stdout, stderr } = await phasewatch(['run', config, '--out', out, '--json']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(`${config}:3:1: unknown key: bathSize (did you mean batchSize?)`);
    expect(existsSync(out)).toBe(false);
  });

  it('quotes no control characters of a config', async () => {
    const config = writeConfig(`network: lenet5\ndataset: "\\e[31mred\\x07"\n`);
    const { stderr } = await callHere(['run', config]);
    expect(stderr).toContain('dataset must be one of');
    expect([...stderr].every((char) => char === '\n' || char >= ' ')).toBe(true);
  });
});

describe('--dry-run', () => {
  it('prints the runs of the paper sweep and writes nothing', async () => {
    const before = readdirSync(root);
    const { code, stdout } = await phasewatch(['run', 'configs/paper-sweep.yaml', '--dry-run'], cache);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^b=2_seed=1 +100 +25 000 +2 500 000 +unknown +684 MB$/m);
    expect(stdout).toMatch(/^110 runs, 50 622 000 steps, training time unknown, 75\.\d GB in /m);
    expect(readdirSync(root)).toEqual(before);
    expect(existsSync(cache.PHASEWATCH_CACHE)).toBe(false);
  });

  it('prints one JSON document with --json', async () => {
    const { code, stdout } = await callHere([
      'train',
      'configs/lenet5.yaml',
      '--dry-run',
      '--json',
      '--set',
      'epochs=2',
      '--set',
      'sweep.seed=1,2',
      '--out',
      folder,
    ]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      experiment: 'lenet5',
      out: folder,
      steps: 4 * 469,
      time_s: null,
      runs: [{ run: 'seed=1', epochs: 2, steps: 938 }, { run: 'seed=2' }],
    });
  });

  it('counts only what is left of runs that have begun', async () => {
    const set = ['sweep.seed=1,2,3', 'batchSize=500'];
    const experiment = loadExperiment(join(root, 'configs/lenet5.yaml'), { set: [...set, 'epochs=2'] });
    const layout = resultsFolder(experiment);
    writeRun(layout, experiment.runs[0]!, 2, {});
    writeRun(layout, experiment.runs[1]!, 1, { state: 'interrupted' });
    const dryRun = async (epochs: number) => {
      const settings = [...set, `epochs=${epochs}`].flatMap((word) => ['--set', word]);
      return callHere(['train', 'configs/lenet5.yaml', '--dry-run', '--out', layout.dir, ...settings]);
    };
    const { stdout } = await dryRun(2);
    expect(stdout).toMatch(/^seed=1 +0 of 2 +120 +0 /m);
    expect(stdout).toMatch(/^seed=2 +1 of 2 +120 +120 /m);
    expect(stdout).toMatch(/^seed=3 +2 +120 +240 /m);
    expect(stdout).toMatch(/^2 of 3 runs, 360 steps/m);
    expect((await dryRun(5)).stdout).toMatch(/^3 runs, 1 440 steps/m);
  });

  it('ends quietly when the reader goes away', () => {
    const main = `${process.execPath} --import tsx src/cli/main.ts run configs/paper-sweep.yaml --dry-run`;
    const { status, stderr } = spawnSync('bash', ['-c', `set -o pipefail; ${main} | true`], {
      cwd: root,
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});

describe('doctor', () => {
  it('refuses a proof of a GPU that is not there, in one line', async () => {
    const { code, stdout, stderr } = await phasewatch([
      'doctor',
      '--gpu-proof',
      '--device',
      'gpu:7',
      '--quiet',
    ]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^phasewatch: gpu:7 must be a device that TensorFlow can use, got: .*\n.*\n$/);
  });

  it('refuses a device without a proof', async () => {
    const { code, stderr } = await callHere(['doctor', '--device', 'cpu']);
    expect(code).toBe(2);
    expect(stderr).toContain('--device must come with --gpu-proof');
  });
});

describe('where the result is to go', () => {
  it('is asked for before the work: analyze --csv', async () => {
    for (const csv of [folder, '/proc/x/y.csv']) {
      const { code, stderr } = await callHere([
        'analyze',
        join(folder, 'no-such.npy'),
        '--csv',
        csv,
        '--quiet',
      ]);
      expect(code).toBe(2);
      expect(stderr.trim().split('\n')).toHaveLength(1);
      expect(stderr).toContain(csv.startsWith('/proc') ? '/proc/x' : 'must be a file to write, got a folder');
    }
  });
});

it('analyze says that it takes the slow solver, and why', async () => {
  const { stderr } = await callHere(['analyze', join(root, 'test/fixtures/weights/numpy.safetensors')]);
  expect(stderr).toContain('note: the solver in TypeScript is used');
  expect(stderr).toContain('no engine, nothing is installed in');
  expect(stderr).toContain('phasewatch engine install');
});
