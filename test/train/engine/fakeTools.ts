// Stand-ins for pip, npm, g++ and nvidia-smi, as shell scripts on a PATH of their own, and a small wheel: an installation with them
// takes a second and no network. What each does is told by files in the folder `faults`.
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { strToU8, zipSync } from 'fflate';
import type { PinnedWheel } from '../../../src/train/engine/pins.ts';

export const METADATA = [
  'Metadata-Version: 2.4',
  'Name: tensorflow_cpu',
  'Version: 2.21.0',
  'Requires-Dist: numpy>=1.26.0',
  'Requires-Dist: nvidia-cublas-cu12<13.0,>=12.5.3.2; extra == "and-cuda"',
  "Requires-Dist: nvidia-cudnn-cu12 (<10.0,>=9.3.0.75) ; extra == 'and-cuda'",
  'Requires-Dist: tensorboard~=2.20; extra == "boards"',
  '',
  'Requires-Dist: from-the-description; extra == "and-cuda"',
].join('\n');

const PIP = `#!/bin/sh
case "$1" in --version) echo "Python 3.99.0"; exit 0 ;; esac
shift 2
command=$1
case "$command" in --version) cat "$FAKE/pip-version"; exit 0 ;; esac
echo "pip $*" >> "$FAKE/calls"
[ -f "$FAKE/faults/pip" ] && { cat "$FAKE/faults/pip" >&2; exit 1; }
while [ $# -gt 0 ]; do
  case "$1" in
    --dest) mkdir -p "$2"; cp "$FAKE"/wheels/*.whl "$2/" ;;
    --target) mkdir -p "$2/nvidia/cublas/lib"; echo blas > "$2/nvidia/cublas/lib/libcublas.so.12"; mkdir -p "$2/nvidia_cublas_cu12-12.9.1.4.dist-info" ;;
  esac
  shift
done
[ -f "$FAKE/faults/slow" ] && sleep 15
exit 0
`;

const NPM = `#!/bin/sh
case "$1" in --version) echo 99.0.0; exit 0 ;; esac
echo "npm $*" >> "$FAKE/calls"
[ -f "$FAKE/faults/npm" ] && { cat "$FAKE/faults/npm" >&2; exit 1; }
package=node_modules/@tensorflow/tfjs-node-gpu
mkdir -p $package/binding $package/dist
echo '{"main":"dist/index.js"}' > $package/package.json
cp "$FAKE/tfjs.js" $package/dist/index.js
echo '{}' > $package/dist/index.js.map
echo > $package/binding/tfjs_backend.cc
echo > $package/binding/tfjs_binding.cc
`;

const COMPILER = `#!/bin/sh
case "$1" in --version) echo "g++ (fake) 99.0"; echo more; exit 0 ;; esac
echo "g++ $*" >> "$FAKE/calls"
[ -f "$FAKE/faults/g++" ] && { cat "$FAKE/faults/g++" >&2; exit 1; }
while [ $# -gt 0 ]; do
  case "$1" in -o) echo compiled > "$2" ;; esac
  shift
done
`;

const NVIDIA_SMI = `#!/bin/sh
cat "$FAKE/gpus"
`;

const TFJS = `
const data = [19, 22, 43, 50];
module.exports = {
  tensor2d: (rows) => rows,
  matMul: () => ({ dataSync: () => data }),
  backend: () => ({ binding: { TF_Version: '2.21.0', isUsingGpuDevice: () => false } }),
};`;

const COREUTILS = ['cat', 'cp', 'mkdir', 'sleep'];

export interface FakeMachine {
  root: string;
  cache: string;
  wheel: PinnedWheel;
  /** Takes a program away. */
  remove(program: string): void;
  /** Makes pip, npm or g++ fail with this on stderr; \`slow\` makes pip sleep after its work. */
  fault(tool: 'pip' | 'npm' | 'g++' | 'slow', stderr: string): void;
  mend(): void;
  /** Makes nvidia-smi print this table. */
  gpus(table: string): void;
  pipVersion(line: string): void;
  /** Changes what the fetched tfjs does. */
  tfjs(source: string): void;
  /** The calls of the stand-ins so far, one a line. */
  calls(): string[];
  /** Puts process.env back and removes the folder. */
  dispose(): void;
}

/** Sets PATH and the cache of this process to a machine of stand-ins. */
export function fakeMachine(): FakeMachine {
  const root = mkdtempSync(join(tmpdir(), 'phasewatch-machine-'));
  const before = { ...process.env };
  const bin = join(root, 'bin');
  for (const folder of [bin, join(root, 'faults'), join(root, 'wheels')]) mkdirSync(folder);
  for (const name of COREUTILS) {
    const real = (before.PATH ?? '')
      .split(delimiter)
      .map((folder) => join(folder, name))
      .find(existsSync)!;
    symlinkSync(real, join(bin, name));
  }
  const program = (name: string, script: string): void => {
    writeFileSync(join(bin, name), script);
    chmodSync(join(bin, name), 0o755);
  };
  program('python3', PIP);
  program('npm', NPM);
  program('g++', COMPILER);
  writeFileSync(join(root, 'tfjs.js'), TFJS);
  writeFileSync(join(root, 'pip-version'), 'pip 99.0 from /nowhere (python 3.11)\n');
  const cache = join(root, 'cache');
  process.env.PATH = bin;
  process.env.FAKE = root;
  process.env.PHASEWATCH_CACHE = cache;
  delete process.env.PHASEWATCH_ENGINE;
  return {
    root,
    cache,
    wheel: fakeWheel(join(root, 'wheels')),
    remove: (name) => rmSync(join(bin, name)),
    fault: (tool, stderr) => writeFileSync(join(root, 'faults', tool), stderr),
    mend: () => {
      rmSync(join(root, 'faults'), { recursive: true });
      mkdirSync(join(root, 'faults'));
    },
    gpus: (table) => {
      writeFileSync(join(root, 'gpus'), table);
      program('nvidia-smi', NVIDIA_SMI);
    },
    pipVersion: (line) => writeFileSync(join(root, 'pip-version'), line),
    tfjs: (source) => writeFileSync(join(root, 'tfjs.js'), source),
    calls: () => {
      const path = join(root, 'calls');
      return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : [];
    },
    dispose: () => {
      for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
      Object.assign(process.env, before);
      rmSync(root, { recursive: true, force: true });
    },
  };
}

function fakeWheel(folder: string): PinnedWheel {
  const file = 'tensorflow_cpu-2.21.0-cp311-cp311-manylinux_2_27_x86_64.whl';
  const bytes = zipSync({
    'tensorflow/libtensorflow_cc.so.2': strToU8('the library '.repeat(20_000)),
    'tensorflow/libtensorflow_framework.so.2': [strToU8('the framework'), { level: 0 }],
    'tensorflow/include/tensorflow/c/c_api.h': strToU8('// c api'),
    'tensorflow/include/Eigen/Core': strToU8('// not needed'),
    'tensorflow_cpu-2.21.0.dist-info/METADATA': strToU8(METADATA),
  });
  writeFileSync(join(folder, file), bytes);
  return {
    project: 'tensorflow-cpu',
    file,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    bytes: bytes.length,
    pythonVersion: '3.11',
    platform: 'manylinux_2_27_x86_64',
  };
}
