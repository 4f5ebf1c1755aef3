// Asks TensorFlow's CUDA library, which needs no GPU for it, for a kernel of every op and type that the training graphs hold.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { cacheFolder } from '../../../src/base/files/cacheFolder.ts';
import { NETWORK_NAMES } from '../../../src/experiment/config/networkSchema.ts';
import { parseRunConfig, type RunConfig } from '../../../src/experiment/config/schema.ts';
import { datasetFacts } from '../../../src/experiment/data/datasetFacts.ts';
import { resolveNetwork } from '../../../src/experiment/networks/resolveNetwork.ts';
import { installEngine } from '../../../src/train/engine/install/installEngine.ts';
import { buildTrainingGraph, nodes } from '../../../src/train/step/trainingGraph.ts';
import { type GraphNode, messages, readFields, readGraph, text } from './readGraph.ts';

/** Prints the KernelList (tensorflow/core/framework/kernel_def.proto) of each op in hexadecimal, a line each. */
const PYTHON = `
import ctypes, sys
folder, *ops = sys.argv[1:]
libraries = [ctypes.CDLL(folder + '/' + name, ctypes.RTLD_GLOBAL)
             for name in ('libtensorflow_framework.so.2', 'libtensorflow_cc.so.2')]
def find(name):
    return next(getattr(library, name) for library in libraries if hasattr(library, name))
class Buffer(ctypes.Structure):
    _fields_ = [('data', ctypes.c_void_p), ('length', ctypes.c_size_t), ('free', ctypes.c_void_p)]
status = find('TF_NewStatus')
status.restype = ctypes.c_void_p
kernels = find('TF_GetRegisteredKernelsForOp')
kernels.restype, kernels.argtypes = ctypes.POINTER(Buffer), [ctypes.c_char_p, ctypes.c_void_p]
for op in ops:
    found = kernels(op.encode(), status()).contents
    print(op, ctypes.string_at(found.data, found.length).hex())
`;

interface Kernel {
  device: string;
  /** Attribute to the types it may have. */
  allowed: Map<string, number[]>;
  hostMemory: string[];
}

/**
 * What of a step may stay in host memory, with why: numbers that steer the step rather than pass through it. One of int32 that carried
 * images, labels, hits or weights would be copied, and waited for, in every step.
 */
const ON_THE_HOST: Readonly<Record<string, string>> = {
  AddV2: 'the number of the step',
  Const: 'shapes and axes',
  Enter: 'handles of variables and the round of the loop',
  Identity: 'the round of the loop',
  Less: 'the round of the loop',
  LoopCond: 'whether the loop goes on',
  Merge: 'the round of the loop',
  NextIteration: 'the round of the loop',
  Pack: 'the seed of a dropout mask',
  Reshape: 'where in its list a loss belongs',
  Switch: 'the round of the loop',
};

const INT32 = 3;
const RESOURCE = 20;
let folder: string;

beforeAll(async () => {
  process.env.PHASEWATCH_CACHE = join(cacheFolder(), 'cuda-library');
  folder = (await installEngine({ variant: 'cuda' })).engine.folder;
}, 1_800_000);

/** Every setting that changes which ops a step has. */
function* configs(): Generator<RunConfig> {
  const optimizers = ['sgd', 'momentum', 'nesterov', 'adadelta', 'adam'] as const;
  for (const network of NETWORK_NAMES)
    for (const type of optimizers)
      for (const loss of ['mse', 'crossEntropy'] as const)
        for (const precision of ['float32', 'bfloat16', 'tf32'] as const)
          for (const convolution of ['plain', 'winograd'] as const) {
            const dense = network === 'lenet5' ? 'fc1' : 'fc2';
            yield parseRunConfig({
              network,
              dataset: network === 'lenet5' ? 'mnist' : 'cifar10',
              optimizer: { type },
              loss,
              precision,
              convolution,
              l2: { coefficient: 0.001, layers: [dense] },
              dropout: { rate: 0.5, layers: [dense] },
            });
          }
}

/** Returns the nodes that a training call of a GPU runs: those that its losses and hits follow from, and the evaluation's. */
function stepNodes(config: RunConfig): GraphNode[] {
  const { inputShape, classes, preprocessing } = datasetFacts(config.dataset);
  const { graph } = buildTrainingGraph({
    network: resolveNetwork(config.network, inputShape, classes),
    config,
    preprocessing,
    classes,
    fused: false,
    gpu: true,
    trainImages: 64,
    testImages: 32,
    calls: [
      { batch: 4, steps: 1 },
      { batch: 4, steps: 32 },
    ],
  });
  const all = new Map(readGraph(graph.toSavedModel()).map((node) => [node.name, node]));
  const reached = new Set<string>();
  const queue = [nodes.train(4, 1), nodes.train(4, 32), nodes.evaluate('test', 32)].flatMap((call) => [
    'losses' in call ? call.losses : call.loss,
    call.correct,
  ]);
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    if (reached.has(name)) continue;
    reached.add(name);
    queue.push(...all.get(name)!.inputs.map((input) => input.replace(/^\^/, '').split(':')[0]!));
  }
  return [...reached].map((name) => all.get(name)!).filter(({ op }) => op !== 'Placeholder');
}

function readKernels(list: Uint8Array): Kernel[] {
  return messages(list, 1).map((kernel) => ({
    device: text(messages(kernel, 2)[0]!),
    allowed: new Map(
      messages(kernel, 3).map((constraint) => [
        text(messages(constraint, 1)[0]!),
        messages(messages(constraint, 2)[0]!, 1).flatMap((values) =>
          readFields(values).flatMap(({ field, value }) =>
            field !== 6 ? [] : typeof value === 'bigint' ? [Number(value)] : [...value],
          ),
        ),
      ]),
    ),
    hostMemory: messages(kernel, 4).map(text),
  }));
}

const serves = (kernel: Kernel, types: Record<string, number>): boolean =>
  // DEFAULT: the same on every device, for handles and control flow
  (kernel.device === 'GPU' || kernel.device === 'DEFAULT') &&
  [...kernel.allowed].every(([attribute, allowed]) => {
    const type = types[attribute];
    return type === undefined || allowed.includes(type);
  });

test('every op of a step has a GPU kernel, and no more than its steering is in host memory', () => {
  const asked = new Map<string, GraphNode>();
  for (const config of configs()) {
    for (const node of stepNodes(config)) asked.set(`${node.op} ${JSON.stringify(node.types)}`, node);
  }
  // what this would have caught: hits were counted by Equal of int32
  const caught = { name: '', op: 'Equal', inputs: [], constantBytes: 0, types: { T: INT32 } };
  const ops = [...new Set([...asked.values(), caught].map(({ op }) => op))].sort();
  const printed = execFileSync('python3', ['-c', PYTHON, join(folder, 'tensorflow'), ...ops], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const kernels = new Map(
    printed
      .trim()
      .split('\n')
      .map((line) => line.split(' '))
      .map(([op, hex]) => [op!, readKernels(Buffer.from(hex ?? '', 'hex'))]),
  );
  const find = ({ op, types }: GraphNode): Kernel | undefined =>
    kernels.get(op)!.find((kernel) => serves(kernel, types));
  const onHost = ({ types, op }: GraphNode): boolean =>
    Object.values(types).some((type) => type === INT32 || type === RESOURCE) &&
    find({ op, types } as GraphNode)!.hostMemory.length > 0;

  const missing = [...asked].filter(([, node]) => find(node) === undefined).map(([key]) => key);
  expect(missing).toEqual([]);
  const table = [...asked].map(
    ([key, node]) => `${key}: ${find(node)!.hostMemory.join(', ') || 'on the GPU'}`,
  );
  console.log(`${table.sort().join('\n')}\n${table.length} pairs of op and types`);

  expect(find(caught)!.hostMemory).toContain('x');
  const data = [...asked.values()].filter(
    (node) => !(node.op in ON_THE_HOST) && onHost(node) && movesData(find(node)!),
  );
  expect(data.map(({ op, types }) => `${op} ${JSON.stringify(types)}`)).toEqual([]);
});

/** Arguments that name an axis, a shape or a handle are steering whatever the op. */
const STEERING = new Set(
  'axis dim dims dimension reduction_indices shape size depth perm resource var accum accum_update m v seed begin end size_splits split_dim'.split(
    ' ',
  ),
);

function movesData({ hostMemory }: Kernel): boolean {
  return hostMemory.some((argument) => !STEERING.has(argument));
}
