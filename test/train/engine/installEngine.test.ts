import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { UserError } from '../../../src/base/userError.ts';
import { ensureEngine, refreshEngine } from '../../../src/train/engine/install/ensureEngine.ts';
import { installEngine } from '../../../src/train/engine/install/installEngine.ts';
import { locateEngine } from '../../../src/train/engine/locateEngine.ts';
import { type FakeMachine, fakeMachine } from './fakeTools.ts';

let machine: FakeMachine;
beforeEach(() => {
  machine = fakeMachine();
});
afterEach(() => machine.dispose());

const engines = (): string => join(machine.cache, 'engine');
const entries = (): string[] => (existsSync(engines()) ? readdirSync(engines()).sort() : []);
const install = (options: Parameters<typeof installEngine>[0] = {}) =>
  installEngine({ wheel: machine.wheel, variant: 'cpu', ...options });

async function failure(promise: Promise<unknown>): Promise<UserError> {
  const error = await promise.then(
    () => null,
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(UserError);
  return error;
}

describe('an installation', () => {
  test('ends with a whole engine that is in use, and the next one does nothing', async () => {
    const { engine, installed } = await install();
    expect(installed).toBe(true);
    expect(entries()).toEqual(['2.21.0-cpu', 'current']);
    expect(readlinkSync(join(engines(), 'current'))).toBe('2.21.0-cpu');
    expect(locateEngine()).toEqual(engine);
    expect(engine.manifest).toMatchObject({
      tensorflow: '2.21.0',
      variant: 'cpu',
      source: 'wheel',
      origin: machine.wheel.file,
      origin_sha256: machine.wheel.sha256,
      compiler: 'g++ (fake) 99.0',
    });
    expect(readFileSync(join(engine.folder, 'tensorflow/libtensorflow_framework.so.2'), 'utf8')).toBe(
      'the framework',
    );
    expect(readdirSync(engine.folder).sort()).toEqual(
      [
        'engine.json',
        'linalg.node',
        'node_modules',
        'package-lock.json',
        'package.json',
        'stderrGate.node',
        'tensorFloat32.node',
        'contextConfig.node',
        'tensorflow',
      ].sort(),
    );
    expect(existsSync(join(engine.folder, 'node_modules/@tensorflow/tfjs-node-gpu/dist/index.js.map'))).toBe(
      false,
    );

    const calls = machine.calls().length;
    expect(await install()).toEqual({ engine, installed: false });
    expect(await ensureEngine()).toEqual(engine);
    expect(machine.calls().length).toBe(calls);
  });

  test('is refreshed where other sources came in mid-sweep, and only there', async () => {
    await refreshEngine({});
    expect(machine.calls()).toEqual([]);
    const { engine } = await install();
    const text = JSON.stringify({ ...engine.manifest, own_sources_sha256: 'of another version' });
    writeFileSync(join(engine.folder, 'engine.json'), text);
    const calls = machine.calls().length;
    await refreshEngine({});
    expect(locateEngine()?.folder).toBe(engine.folder);
    expect(
      machine
        .calls()
        .slice(calls)
        .every((call) => call.startsWith('g++')),
    ).toBe(true);
    const done = machine.calls().length;
    await refreshEngine({});
    expect(machine.calls().length).toBe(done);
  });

  test('brings an engine up to date with our own sources without fetching anything', async () => {
    const { engine: old } = await install();
    const library = join(old.folder, 'tensorflow/libtensorflow_framework.so.2');
    const { ino } = statSync(library);
    const manifest = { ...old.manifest, own_sources_sha256: 'of an older version' };
    writeFileSync(join(old.folder, 'engine.json'), JSON.stringify(manifest));
    expect(locateEngine()).toBe(null);

    const calls = machine.calls().length;
    const { engine, installed } = await install();
    expect(installed).toBe(true);
    expect(locateEngine()).toEqual(engine);
    expect(engine.folder).toBe(old.folder);
    expect(engine.manifest).toMatchObject({
      origin: machine.wheel.file,
      origin_sha256: machine.wheel.sha256,
      own_sources_sha256: old.manifest.own_sources_sha256,
      files: old.manifest.files,
    });
    expect(statSync(library).ino).toBe(ino);
    const compiled = machine.calls().slice(calls);
    expect(compiled).toHaveLength(5);
    expect(compiled.every((call) => call.startsWith('g++'))).toBe(true);
  });

  test('asks pip for the pinned file whatever the Python, runs no install script, and links with a relative rpath', async () => {
    await install();
    const calls = machine.calls();
    expect(calls.find((call) => call.startsWith('pip'))).toMatch(
      /^pip download --no-deps --only-binary=:all: .*--python-version 3\.11 --platform manylinux_2_27_x86_64 .*tensorflow-cpu==2\.21\.0$/,
    );
    expect(calls.find((call) => call.startsWith('npm'))).toContain('ci --ignore-scripts');
    const link = calls.find(
      (call) => call.includes('tfjs_binding.node') && call.includes('-l:libtensorflow_cc.so.2'),
    )!;
    expect(link).toContain('-Wl,-rpath,$ORIGIN/../../../../../tensorflow');
  });

  test('takes a wheel that lies in downloads, when its hash is right, instead of fetching', async () => {
    mkdirSync(join(machine.cache, 'downloads'), { recursive: true });
    const kept = join(machine.cache, 'downloads', machine.wheel.file);
    writeFileSync(kept, readFileSync(join(machine.root, 'wheels', machine.wheel.file)));
    await install();
    expect(machine.calls().some((call) => call.startsWith('pip'))).toBe(false);

    writeFileSync(kept, 'something else');
    await install({ force: true });
    expect(machine.calls().some((call) => call.startsWith('pip'))).toBe(true);
  });

  test('again with force replaces it; a failing one leaves the old in place', async () => {
    const { engine } = await install();
    const again = await install({ force: true });
    expect(again.installed).toBe(true);
    expect(Date.parse(again.engine.manifest.installed_at)).toBeGreaterThan(
      Date.parse(engine.manifest.installed_at),
    );
    machine.fault('g++', 'x.cc:1:1: error: no');
    await failure(install({ force: true }));
    expect(locateEngine()).toEqual(again.engine);
    expect(entries()).toEqual(['2.21.0-cpu', 'current']);
  });
});

describe('each failure names what is missing and what mends it, and leaves nothing behind', () => {
  const cases: [string, (machine: FakeMachine) => Parameters<typeof installEngine>[0], RegExp, RegExp][] = [
    ['no pip', (m) => void m.remove('python3') as never, /pip for Python 3 must be installed/, /pip/],
    [
      'a pip too old',
      (m) => void m.pipVersion('pip 18.1 from /nowhere (python 3.6)') as never,
      /pip must be 20\.3 or newer to fetch TensorFlow, got 18\.1/,
      /^python3 -m pip install --user --upgrade pip$/,
    ],
    ['no compiler', (m) => void m.remove('g++') as never, /C\+\+ compiler must be installed/, /g\+\+/],
    ['no npm', (m) => void m.remove('npm') as never, /npm must be on the PATH/, /npm/],
    [
      'no disk space',
      () => ({ freeBytes: () => 3e8 }),
      /must have 1\.7 GB free.*got 0\.3 GB/,
      /PHASEWATCH_CACHE/,
    ],
    [
      'no network for pip',
      (m) =>
        void m.fault(
          'pip',
          "WARNING: Retrying after NewConnectionError('<pip>: Failed: [Errno 111] Connection refused')\nERROR: No matching distribution found for tensorflow-cpu",
        ) as never,
      /must be fetched from the package index of pip, got no connection: \[Errno 111\] Connection refused$/,
      /proxy/,
    ],
    [
      'an index without the wheel',
      (m) => void m.fault('pip', 'ERROR: No matching distribution found for tensorflow-cpu==2.21.0') as never,
      /must be fetched by python3 -m pip, got exit code 1: ERROR: No matching/,
      /pip config list/,
    ],
    [
      'a disk that fills up under pip',
      (m) =>
        void m.fault(
          'pip',
          'ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device',
        ) as never,
      /^TensorFlow 2\.21\.0 must fit on the disk, got: Errno 28/,
      /free some space/,
    ],
    [
      'a quota that fills up under npm',
      (m) => void m.fault('npm', 'npm error code EDQUOT\nnpm error syscall write') as never,
      /^the packages of tfjs-node must fit on the disk, got: EDQUOT/,
      /PHASEWATCH_CACHE/,
    ],
    [
      'a disk that fills up under the compiler',
      (m) => void m.fault('g++', 'fatal error: error writing to /tmp/x.s: No space left on device') as never,
      /^the binding must fit on the disk/,
      /PHASEWATCH_CACHE/,
    ],
    [
      'no network for npm',
      (m) =>
        void m.fault(
          'npm',
          'npm error code ENOTFOUND\nnpm error syscall getaddrinfo\nnpm error request to the registry failed',
        ) as never,
      /must be fetched from the registry of npm, got ENOTFOUND: request to the registry failed/,
      /npm config get/,
    ],
    [
      'a package with another hash',
      (m) =>
        void m.fault(
          'npm',
          'npm error code EINTEGRITY\nnpm error sha512-abc integrity checksum failed',
        ) as never,
      /must have the hashes of engine\/package-lock.json, got: sha512-abc/,
      /cache clean/,
    ],
    [
      'sources that do not compile',
      (m) =>
        void m.fault('g++', 'In file included from x\ntfjs_backend.cc:7:1: error: no such thing') as never,
      /must compile with g\+\+, got exit code 1: tfjs_backend.cc:7:1: error/,
      /C\+\+17/,
    ],
    [
      'a binding that does not load',
      (m) => void m.tfjs('throw new Error("libtensorflow_cc.so.2: cannot open shared object file")') as never,
      /must load and multiply two matrices, got exit code 1: .*libtensorflow_cc\.so\.2: cannot open/,
      /doctor/,
    ],
    [
      'a binding that multiplies wrongly',
      (m) =>
        void m.tfjs(
          'module.exports={tensor2d:()=>0,matMul:()=>({dataSync:()=>[1,2,3,4]}),backend:()=>({binding:{isUsingGpuDevice(){}}})}',
        ) as never,
      /got 1,2,3,4 for 19,22,43,50/,
      /doctor/,
    ],
  ];
  test.each(cases)('%s', async (_name, prepare, message, remedy) => {
    const options = prepare(machine) ?? {};
    const error = await failure(install(options));
    expect(error.message).toMatch(message);
    expect(error.remedy).toMatch(remedy);
    expect(locateEngine()).toBeNull();
    expect(entries()).toEqual([]);
    machine.mend();
  });

  test('a wheel with another hash', async () => {
    const path = join(machine.root, 'wheels', machine.wheel.file);
    const bytes = readFileSync(path);
    bytes[100]! ^= 1;
    writeFileSync(path, bytes);
    const error = await failure(install());
    expect(error.message).toMatch(new RegExp(`must have SHA-256 ${machine.wheel.sha256}, got [0-9a-f]{64}`));
    expect(entries()).toEqual([]);
  });

  test('a cache that cannot be written to', async () => {
    writeFileSync(machine.cache, 'a file where the folder should be');
    const error = await failure(install());
    expect(error.message).toMatch(/must be writable, got (ENOTDIR|EEXIST)/);
    expect(error.remedy).toContain('PHASEWATCH_CACHE');
  });

  test('no build for this machine', async () => {
    const arch = vi.spyOn(process, 'arch', 'get').mockReturnValue('s390x');
    try {
      const error = await failure(installEngine({ variant: 'cpu' }));
      expect(error.message).toMatch(/must have a build for this machine, got linux s390x/);
    } finally {
      arch.mockRestore();
    }
  });

  test('no glibc, or an old one', async () => {
    const report = vi.spyOn(process.report, 'getReport');
    try {
      for (const [glibcVersionRuntime, got] of [
        [undefined, 'musl'],
        ['2.17', '2\\.17'],
      ]) {
        report.mockReturnValue({ header: { glibcVersionRuntime } });
        const error = await failure(installEngine({ variant: 'cpu' }));
        expect(error.message).toMatch(new RegExp(`must be glibc 2\\.27 or newer .* got .*${got}`));
      }
    } finally {
      report.mockRestore();
    }
  });
});

describe('interrupted', () => {
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
  const script = fileURLToPath(new URL('installChild.ts', import.meta.url));
  const children: ChildProcess[] = [];
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });

  function start(): { child: ChildProcess; said: () => string } {
    const child = spawn(process.execPath, ['--import', tsx, script, JSON.stringify(machine.wheel)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(child);
    let text = '';
    child.stdout!.on('data', (chunk) => {
      text += chunk;
    });
    return { child, said: () => text };
  }

  test('by an abort: the tools are ended, what was made is removed', async () => {
    machine.fault('slow', '');
    const controller = new AbortController();
    const installing = install({ signal: controller.signal });
    await vi.waitFor(() => expect(machine.calls().some((call) => call.startsWith('pip'))).toBe(true));
    controller.abort();
    await expect(installing).rejects.toBe(controller.signal.reason);
    expect(entries()).toEqual([]);
  });

  test('by SIGKILL: nothing half-done is found, and the next installation works and sweeps', async () => {
    machine.fault('slow', '');
    const { child } = start();
    await vi.waitFor(() => expect(machine.calls().some((call) => call.startsWith('pip'))).toBe(true), 20_000);
    child.kill('SIGKILL');
    await once(child, 'close');
    expect(entries().some((name) => name.startsWith('.installing-'))).toBe(true);
    expect(entries()).toContain('.lock');
    expect(locateEngine()).toBeNull();
    machine.mend();
    expect((await install()).installed).toBe(true);
    expect(entries()).toEqual(['2.21.0-cpu', 'current']);
  });

  test('two at once: one installs, the other waits for it by name and finds the engine', async () => {
    const both = [start(), start()];
    await Promise.all(both.map(({ child }) => once(child, 'close')));
    const results = both.map(({ said }) => JSON.parse(said().trim().split('\n').at(-1)!).installed);
    expect(results.sort()).toEqual([false, true]);
    expect(machine.calls().filter((call) => call.startsWith('npm'))).toHaveLength(1);
    const waiting = both.find(({ said }) => said().includes('waiting'));
    if (waiting !== undefined) {
      const other = both.find((entry) => entry !== waiting)!;
      expect(waiting.said()).toContain(`process ${other.child.pid}`);
    }
  });
});

describe('CUDA', () => {
  const H200 = '0, NVIDIA H200, 570.124.06, 143771\n';
  test('is chosen where nvidia-smi lists a GPU, with the libraries that the wheel names laid beside it', async () => {
    machine.gpus(H200);
    const { engine } = await installEngine({ wheel: machine.wheel });
    expect(engine.manifest.variant).toBe('cuda');
    expect(engine.manifest.nvidia).toEqual(['nvidia_cublas_cu12-12.9.1.4']);
    expect(engine.folder.endsWith('2.21.0-cuda')).toBe(true);
    expect(existsSync(join(engine.folder, 'nvidia/cublas/lib/libcublas.so.12'))).toBe(true);
    const call = machine.calls().find((line) => line.startsWith('pip install'))!;
    expect(call).toMatch(/ nvidia-cublas-cu12==12\.5\.3\.2 nvidia-cudnn-cu12==9\.3\.0\.75$/);
    expect(call).toContain('--platform manylinux_2_27_x86_64');
  });

  test('is not chosen without a GPU, nor against --cpu', async () => {
    expect((await installEngine({ wheel: machine.wheel })).engine.manifest.variant).toBe('cpu');
    machine.gpus(H200);
    expect((await installEngine({ wheel: machine.wheel, variant: 'cpu' })).engine.manifest.variant).toBe(
      'cpu',
    );
    expect((await installEngine({ wheel: machine.wheel })).engine.manifest.variant).toBe('cuda');
    expect(locateEngine()!.manifest.variant).toBe('cuda');
    expect((await installEngine({ wheel: machine.wheel, variant: 'cpu' })).installed).toBe(false);
    expect(locateEngine()!.manifest.variant).toBe('cpu');
  });

  test('with a driver too old is refused before anything is fetched', async () => {
    machine.gpus('0, Tesla V100, 470.57.02, 16160\n');
    const error = await failure(installEngine({ wheel: machine.wheel }));
    expect(error.message).toMatch(
      /driver must be 525\.60\.13 or newer.*got 470\.57\.02 \(GPU 0, Tesla V100\)/,
    );
    expect(error.remedy).toContain('--cpu');
    expect(machine.calls()).toEqual([]);
  });

  test.each([
    ['12.0', '0, NVIDIA RTX 5090, 570.124.06, 32607, 12.0\n'],
    ['10.0', '0, NVIDIA B200, 570.124.06, 183359, 10.0\n'],
    ['5.2', '0, NVIDIA GTX 980, 570.124.06, 4043, 5.2\n'],
  ])('on a GPU of compute capability %s is refused with the reason', async (capability, gpus) => {
    machine.gpus(gpus);
    const error = await failure(installEngine({ wheel: machine.wheel }));
    expect(error.message).toContain(
      `the compute capability of a GPU must be 6.0 to 9.0, which TensorFlow's CUDA build has code for, got ${capability} (GPU 0, NVIDIA`,
    );
    expect(error.remedy).toContain('--cpu');
    expect(machine.calls()).toEqual([]);
  });

  test('takes a machine where one of several GPUs can be used', async () => {
    machine.gpus('0, NVIDIA B200, 570.124.06, 183359, 10.0\n1, NVIDIA H200, 570.124.06, 143771, 9.0\n');
    expect((await installEngine({ wheel: machine.wheel })).engine.manifest.variant).toBe('cuda');
  });

  test('of arm64 has no CUDA, and --gpu says so', async () => {
    const { arch } = process;
    Object.defineProperty(process, 'arch', { value: 'arm64' });
    try {
      const error = await failure(installEngine({ variant: 'cuda' }));
      expect(error.message).toMatch(/CUDA build of TensorFlow 2\.21\.0 must be for x64, got arm64/);
      expect(error.remedy).toContain('--cpu');
    } finally {
      Object.defineProperty(process, 'arch', { value: arch });
    }
  });

  test('is installed on demand where there is no GPU, for a cluster', async () => {
    expect((await install({ variant: 'cuda' })).engine.manifest.variant).toBe('cuda');
  });
});

describe('--lib', () => {
  test('links with the libraries where they are, and notices when they change', async () => {
    const lib = join(machine.root, 'libtensorflow');
    mkdirSync(join(lib, 'lib'), { recursive: true });
    mkdirSync(join(lib, 'include/tensorflow/c/eager'), { recursive: true });
    writeFileSync(join(lib, 'include/tensorflow/c/eager/c_api.h'), '');
    for (const name of ['libtensorflow.so.2', 'libtensorflow_framework.so.2'])
      writeFileSync(join(lib, 'lib', name), name);
    const { engine } = await installEngine({ lib, variant: 'cpu' });
    expect(engine.manifest).toMatchObject({ source: 'folder', origin: lib });
    expect(
      machine.calls().find((call) => call.includes('-shared') && call.includes('-l:libtensorflow.so.2')),
    ).toContain(`-Wl,-rpath,${join(lib, 'lib')}`);
    expect(locateEngine()).toEqual(engine);
    writeFileSync(join(lib, 'lib/libtensorflow.so.2'), 'another version');
    expect(locateEngine()).toBeNull();
  });

  test('must hold libraries and headers', async () => {
    const empty = join(machine.root, 'empty');
    mkdirSync(empty);
    expect((await failure(installEngine({ lib: empty }))).message).toMatch(
      /--lib must be a folder with libtensorflow/,
    );
    expect(entries()).toEqual([]);
  });
});
