import { describe, expect, it } from 'vitest';
import { UserError } from '../../../src/base/userError.ts';
import { loadExperiment } from '../../../src/experiment/sweep/loadExperiment.ts';
import { writeConfig } from './writtenConfig.ts';

function errorOf(text: string | Uint8Array, set: string[] = []): UserError {
  const path = writeConfig(text);
  try {
    loadExperiment(path, { set });
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error('expected a UserError, the config was taken');
}

/** Messages with the file's path taken off, so that a line begins with `line:column`. */
function problems(text: string | Uint8Array, set: string[] = []): string[] {
  return errorOf(text, set)
    .message.split('\n')
    .map((line) => line.replace(/^.*experiment\.yaml:\s?/, ''));
}

const GOOD = 'network: lenet5\ndataset: mnist\n';

describe('mistakes in a config', () => {
  it.each([
    ['unknown key', 'bathSize: 4', '3:1: unknown key: bathSize (did you mean batchSize?)'],
    ['key in another case', 'batch_size: 4', '3:1: unknown key: batch_size (did you mean batchSize?)'],
    ['initials', 'lr: 4', '3:1: unknown key: lr (did you mean learningRate?)'],
    [
      'unknown key inside',
      'optimizer:\n  mometum: 0.9',
      '4:3: unknown key: optimizer.mometum (did you mean momentum?)',
    ],
    [
      'key of another place',
      'momentum: 0.9',
      '3:1: unknown key: momentum (did you mean optimizer.momentum?)',
    ],
    ['nothing near', 'zzzzzz: 1', '3:1: unknown key: zzzzzz'],
    ['wrong type', 'epochs: many', '3:9: epochs must be a whole number of at least 0, got "many"'],
    ['fraction', 'batchSize: 1.5', '3:12: batchSize must be a whole number of at least 1, got 1.5'],
    ['negative', 'learningRate: -1', '3:15: learningRate must be a number above 0, or null, got -1'],
    [
      'not finite',
      'learningRate: .inf',
      '3:15: learningRate must be a number above 0, or null, got Infinity',
    ],
    ['not a number', 'learningRate: .nan', '3:15: learningRate must be a number above 0, or null, got NaN'],
    ['null', 'epochs:', '3:8: epochs must be a whole number of at least 0, got null'],
    ['too large', 'randomLabels: 1.5', '3:15: randomLabels must be a number from 0 to 1, got 1.5'],
    [
      'unknown choice',
      'loss: msee',
      '3:7: loss must be one of mse, crossEntropy, got "msee" (did you mean mse?)',
    ],
    ['list for a map', 'optimizer: [1]', /^3:12: optimizer must be a map of keys \(type, .*\), got \[1\]/],
    [
      'missing key inside',
      'l2: { layers: [fc1] }',
      /^3:5: missing key: l2\.coefficient, a number of at least 0/,
    ],
    [
      'empty list',
      'dropout: { rate: 0.5, layers: [] }',
      /dropout\.layers must be a list of at least one value, got an empty list/,
    ],
    [
      'unknown layer',
      'l2: { coefficient: 1, layers: [fc1, fc9] }',
      /^3:37: l2\.layers: unknown layer: fc9 \(known: conv1, conv2, fc1, fc2\)/,
    ],
    [
      'layer twice',
      'l2: { coefficient: 1, layers: [fc1, fc1] }',
      /^3:37: l2\.layers must name a layer once, got fc1 twice/,
    ],
    ['dropout on the logits', 'dropout: { rate: 0.5, layers: [fc2] }', /dropout\.layers: unknown layer: fc2/],
    [
      'more images than there are',
      'trainImages: 60001',
      '3:14: trainImages must be at most 60000, all that mnist has, got 60001',
    ],
    [
      'batch of more than all',
      'trainImages: 10',
      /^1:1: batchSize must be at most 10, the training images, got 32/,
    ],
    ['duplicate key', 'epochs: 1\nepochs: 2', '4:1: duplicate key: epochs'],
    ['bad YAML', 'optimizer: {', /^3:13: YAML: .*must be sufficiently indented and end with a \}/],
    ['tab', 'optimizer:\n\ttype: sgd', /^4:1: YAML: /],
    ['key that is no text', '[1, 2]: 3', '3:1: a key must be plain text, got a list, map or alias'],
    ['unknown anchor', 'epochs: *nine', /^3:9: .*nine/],
    [
      'sweep of one value',
      'sweep: { batchSize: 4 }',
      '3:21: sweep.batchSize must be a list of at least one value, got 4',
    ],
    [
      'sweep of nothing',
      'sweep: { batchSize: [] }',
      /^3:21: sweep\.batchSize must be a list of at least one value/,
    ],
    [
      'sweep of a wrong value',
      'sweep:\n  batchSize: [4, x]',
      '4:18: sweep.batchSize[1] must be a whole number of at least 1, got "x"',
    ],
    [
      'sweep of an unknown key',
      'sweep:\n  batchsize: [4]',
      '4:3: unknown key: sweep.batchsize (did you mean batchSize?)',
    ],
    [
      'sweep of a value twice',
      'sweep: { batchSize: [4, 4] }',
      /every run must occur once, got twice the one with batchSize: 4/,
    ],
    [
      'key swept twice',
      'sweep:\n  batchSize: [1]\n  zip:\n    - batchSize: [2]',
      '6:7: sweep: batchSize must be swept once, got it twice',
    ],
    [
      'map and its key swept',
      'sweep:\n  optimizer: [{ type: sgd }]\n  optimizer.momentum: [0.5]',
      /^5:3: sweep: optimizer\.momentum must not be swept together with optimizer/,
    ],
    [
      'zip of unequal lists',
      'sweep:\n  zip:\n    - batchSize: [2, 4]\n      seed: [1]',
      '6:7: zip: seed must have 2 values as batchSize has, got 1',
    ],
    ['empty zip', 'sweep:\n  zip: [{}]', '4:9: sweep.zip[0] must have at least one list, got none'],
    [
      'exclude of what is not swept',
      'sweep:\n  batchSize: [2]\n  exclude: [{ seed: 1 }]',
      /^5:15: exclude: seed must be a swept key/,
    ],
    [
      'everything excluded',
      'sweep:\n  batchSize: [2]\n  exclude: [{ batchSize: 2 }]',
      /a sweep must have at least one run, got none/,
    ],
    [
      'too many runs',
      `sweep:\n  seed: [${Array.from({ length: 101 }, (_, i) => i)}]\n  epochs: [${Array.from({ length: 100 }, (_, i) => i)}]`,
      /a sweep must have at most 10000 runs, got 10100/,
    ],
    [
      'one name for two runs',
      'sweep:\n  include: [{ name: a, seed: 1 }, { name: A, seed: 2 }]',
      '4:35: sweep.include: the name of a run must be unique, got A twice',
    ],
    ['name that is no file name', 'name: a/b', /^3:7: name must be a name of letters, digits/],
    [
      'unknown fit mode',
      'analysis: { fit: mle }',
      /^3:18: analysis\.fit must be one of paper, ww, hill, got "mle"/,
    ],
    ['extends of no file', 'extends: nowhere.yaml', /^3:10: extends must name a file, got nowhere\.yaml/],
    ['extends of itself', 'extends: experiment.yaml', /must not lead back to the file itself/],
  ])('%s', (_, text, expected) => {
    const [first, ...others] = problems(GOOD + text);
    if (typeof expected === 'string') expect(first).toBe(expected);
    else expect(first).toMatch(expected);
    expect(others).toEqual([]);
  });

  it('tells the missing network and data set', () => {
    expect(problems('epochs: 3')).toEqual([
      expect.stringMatching(/^1:1: missing key: network, one of lenet5/),
      expect.stringMatching(
        /^1:1: missing key: dataset, one of mnist, fashionMnist, cifar10, cifar100, or a path/,
      ),
    ]);
  });

  it('tells all mistakes at once, each once, however many runs have them', () => {
    expect(problems(`dataset: mnist\nepochs: -1\nbatch: 3\nsweep: { seed: [1, 2, 3] }`)).toEqual([
      expect.stringContaining('2:9: epochs must be'),
      expect.stringContaining('3:1: unknown key: batch (did you mean batchSize?)'),
      expect.stringContaining('1:1: missing key: network'),
    ]);
  });

  it('shows twenty of many', () => {
    const many = Array.from({ length: 30 }, (_, i) => `key${i}: 1`).join('\n');
    expect(problems(GOOD + many).slice(-2)).toEqual([expect.stringContaining('key19'), 'and 10 more']);
  });

  it('names the layer of a network whose shapes do not fit', () => {
    const network = 'dataset: mnist\nnetwork:\n  layers:\n    - { type: dense, name: fc, units: 10 }';
    expect(problems(network)[0]).toMatch(/^3:3: network: input of layer fc must be flat/);
    const narrow =
      'dataset: mnist\nnetwork:\n  layers:\n    - { type: flatten }\n    - { type: dense, name: fc, units: 7 }';
    expect(problems(narrow)[0]).toMatch(/must give 10 outputs, one a class, got shape \(7\)/);
  });

  it('takes a layer of a network at its type', () => {
    const network =
      'dataset: mnist\nnetwork:\n  layers:\n    - { type: flatten }\n    - { type: dense, name: fc, unit: 10 }';
    expect(problems(network)).toEqual([
      expect.stringMatching(/^5:32: unknown key: network\.layers\[1\]\.unit \(did you mean units\?\)/),
      expect.stringMatching(/missing key: network\.layers\[1\]\.units/),
    ]);
  });

  it.each([
    ['empty file', '', /the config is empty/],
    ['comment only', '# nothing\n', /the config is empty/],
    ['list', '- 1', /a config must be a map of keys, got a list/],
    ['text', 'hello', /a config must be a map of keys, got a scalar/],
    ['no UTF-8', Buffer.from([0x6e, 0xff, 0x3a]), /must be UTF-8 text, got another byte at offset 1/],
    ['too large', Buffer.alloc((1 << 20) + 1, 0x20), /must be at most 1048576 bytes/],
    ['too deep', `a: ${'['.repeat(60)}${']'.repeat(60)}`, /at most 50 levels deep/],
    [
      'aliases that multiply',
      `a: &a [1,1,1,1,1,1,1,1]\n${'bcdefgh'.replace(/./g, (key) => `${key}: &${key} [${`*${String.fromCharCode(key.charCodeAt(0) - 1)},`.repeat(8)}]\n`)}`,
      /at most 20000 values/,
    ],
  ])('%s', (_, text, expected) => {
    expect(errorOf(text).message).toMatch(expected);
  });

  it('names a file that is not there, and a folder', () => {
    expect(() => loadExperiment('/nonexistent/a.yaml')).toThrow(
      /\/nonexistent\/a\.yaml: cannot read the config: no such file/,
    );
    expect(() => loadExperiment('/')).toThrow(/a config must be a file, got a folder/);
  });
});

describe('mistakes in overrides', () => {
  it.each([
    ['no value', 'epochs', /--set must be key=value, got epochs/],
    ['unknown key', 'epoch=3', '--set epoch=3: unknown key: epoch (did you mean epochs?)'],
    [
      'key of another place',
      'momentum=.5',
      '--set momentum=.5: unknown key: momentum (did you mean optimizer.momentum?)',
    ],
    ['wrong value', 'epochs=x', '--set epochs=x: epochs must be a whole number of at least 0, got "x"'],
    ['unknown swept key', 'sweep.batch=1,2', /unknown key: sweep\.batch \(did you mean batchSize\?\)/],
    ['extends', 'extends=a.yaml', /unknown key: extends/],
    ['bad YAML', 'l2={', /^--set l2=\{: YAML: /],
  ])('%s', (_, set, expected) => {
    const [first] = problems(GOOD, [set]);
    if (typeof expected === 'string') expect(first).toBe(expected);
    else expect(first).toMatch(expected);
  });

  it('refuses an override that the sweep would hide', () => {
    const swept = `${GOOD}sweep:\n  optimizer.type: [sgd, adam]\n  zip: [{ batchSize: [1], seed: [2] }]`;
    expect(problems(swept, ['optimizer.type=sgd'])[0]).toMatch(
      /optimizer\.type is swept: set sweep\.optimizer\.type/,
    );
    expect(problems(swept, ['batchSize=8'])[0]).toMatch(/batchSize is swept/);
    expect(loadExperiment(writeConfig(swept), { set: ['optimizer.momentum=0.5'] }).runs).toHaveLength(2);
  });
});

describe('what TensorFlow or float32 would not take', () => {
  const named = (...names: string[]): string =>
    `dataset: mnist\nnetwork:\n  layers:\n    - { type: flatten }\n${names
      .map((name) => `    - { type: dense, name: ${JSON.stringify(name)}, units: 10 }\n`)
      .join('')}`;

  it.each([
    'a b',
    'é',
    '_x',
    'a:0',
    '-a',
    '/a',
    'a/',
    'a//b',
    '^a',
    '../x',
    'a\nb',
    '__metadata__',
    'x'.repeat(101),
  ])('refuses the layer name %j', (name) =>
    expect(problems(named(name))).toEqual([expect.stringContaining('layer names must be letters')]),
  );

  it.each(['bias', 'fc.bias', 'optimizer/fc', 'Optimizer_state'])('refuses %s, which is no layer', (name) => {
    expect(problems(named(name))).toEqual([
      expect.stringContaining('must not be those of biases and optimizers'),
    ]);
  });

  it('refuses layers that hide one another, and takes those that only look like it', () => {
    expect(problems(named('a', 'a/kernel'))[0]).toContain(
      'must not lie below one another, got a and a/kernel',
    );
    expect(problems(named('a/b/c', 'a/b'))[0]).toContain('must not lie below one another, got a/b/c and a/b');
    const path = writeConfig(named('a/b', 'a/bc', 'A.b', '1'));
    expect(loadExperiment(path, { set: [] }).runs).toHaveLength(1);
  });

  it.each([
    [
      'learningRate: 1e-50',
      'learningRate must be a number that float32 holds (1.2e-38 to 3.4e38), got 1e-50',
    ],
    ['learningRate: 1e39', 'which rounds to infinity'],
    ['learningRate: 1e-40', 'which rounds to 0'],
    ['optimizer: { epsilon: 1e-60 }', 'optimizer.epsilon must be a number that float32 holds'],
    ['l2: { coefficient: 1e-60, layers: [fc1] }', 'l2.coefficient must be a number that float32 holds'],
    ['optimizer: { beta2: 0.999999999999 }', 'optimizer.beta2 must be below 1 in float32 too'],
    ['dropout: { rate: 0.999999999999, layers: [fc1] }', 'dropout.rate must be below 1 in float32 too'],
    ['labelSmoothing: 0.999999999999', 'labelSmoothing must be below 1 in float32 too'],
    ['augment: { shift: 28 }', 'augment.shift must be below 28, the side of an image, got 28'],
    ['augment: { shift: 1e12 }', 'augment.shift must be below 28'],
    ['clipNorm: 1e-60', 'clipNorm must be a number that float32 holds'],
    ['clipNorm: 1e60', 'clipNorm must be a number that float32 holds'],
    ['learningRateDecay: 1e-60', 'learningRateDecay must be a number that float32 holds'],
    ['optimizer: { weightDecay: 1e60 }', 'optimizer.weightDecay must be a number that float32 holds'],
    [
      'schedule: { type: step, every: 1, factor: 1e-60 }',
      'schedule.factor must be a number that float32 holds',
    ],
    ['schedule: { type: cosine, final: 1e-60 }', 'schedule.final must be a number that float32 holds'],
  ])('refuses %s', (line, message) => {
    expect(problems(`${GOOD}${line}\n`).join('\n')).toContain(message);
  });

  it('takes one YAML document, with its marks', () => {
    expect(problems(`${GOOD}---\n${GOOD}`)).toEqual([
      '3:1: a config must be one YAML document, got a second one',
    ]);
    expect(problems(`${GOOD}...\n---\n`)[0]).toContain('got a second one');
    expect(loadExperiment(writeConfig(`%YAML 1.2\n---\n${GOOD}...\n`), { set: [] }).runs).toHaveLength(1);
  });
});
