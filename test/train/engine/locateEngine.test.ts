import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { engineInfo } from '../../../src/train/engine/engineInfo.ts';
import { installEngine } from '../../../src/train/engine/install/installEngine.ts';
import { loadEngine } from '../../../src/train/engine/loadEngine.ts';
import { locateEngine } from '../../../src/train/engine/locateEngine.ts';
import { type FakeMachine, fakeMachine } from './fakeTools.ts';

let machine: FakeMachine;
beforeEach(() => {
  machine = fakeMachine();
});
afterEach(() => machine.dispose());

test('PHASEWATCH_ENGINE goes before the one in use, and must be an engine', async () => {
  const cpu = (await installEngine({ wheel: machine.wheel, variant: 'cpu' })).engine;
  const cuda = (await installEngine({ wheel: machine.wheel, variant: 'cuda' })).engine;
  expect(locateEngine()).toEqual(cuda);
  expect(engineInfo().others).toEqual([cpu.folder]);
  process.env.PHASEWATCH_ENGINE = cpu.folder;
  expect(locateEngine()).toEqual(cpu);
  process.env.PHASEWATCH_ENGINE = machine.root;
  expect(() => locateEngine()).toThrow(
    /PHASEWATCH_ENGINE must be the folder of an installed engine, got .*: ENOENT/,
  );
});

test('an engine that is not whole, or of another version or machine, is not found, and engine info says why', async () => {
  const { engine } = await installEngine({ wheel: machine.wheel, variant: 'cpu' });
  const path = join(engine.folder, 'engine.json');
  const manifest = JSON.parse(readFileSync(path, 'utf8'));
  const spoil = (changes: object): string | null => {
    writeFileSync(path, JSON.stringify({ ...manifest, ...changes }));
    expect(locateEngine()).toBeNull();
    return engineInfo().reason;
  };
  expect(spoil({ tensorflow: '2.20.0' })).toMatch(/has TensorFlow 2\.20\.0, .* needs 2\.21\.0/);
  expect(spoil({ bindings: '4.21.0' })).toMatch(/has tfjs-node-gpu 4\.21\.0/);
  expect(spoil({ own_sources_sha256: undefined })).toMatch(/compiled from other sources/);
  expect(spoil({ arch: 'mips' })).toMatch(/was built for linux mips/);
  expect(spoil({ schema: 2 })).toMatch(/schema 1/);
  writeFileSync(path, '{"schema":');
  expect(engineInfo().reason).toMatch(/JSON/);
  writeFileSync(path, JSON.stringify(manifest));
  expect(locateEngine()).toEqual(engine);
  writeFileSync(join(engine.folder, 'tensorflow/libtensorflow_cc.so.2'), 'half');
  expect(engineInfo().reason).toMatch(/libtensorflow_cc\.so\.2 must have \d+ bytes, got 4/);
});

test('without an engine, loading one names the command that installs it', () => {
  expect(engineInfo()).toMatchObject({
    engine: null,
    others: [],
    reason: expect.stringContaining('nothing is installed'),
  });
  expect(() => loadEngine()).toThrow(expect.objectContaining({ remedy: 'phasewatch engine install' }));
});

test('an engine that does not load says so, with the reason', async () => {
  await installEngine({ wheel: machine.wheel, variant: 'cpu' });
  // the stand-ins have compiled text, not libraries
  expect(() => loadEngine()).toThrow(
    /the native engine in .* must load, got: .*(file too short|invalid ELF)/,
  );
});
