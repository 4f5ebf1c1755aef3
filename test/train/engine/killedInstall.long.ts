// Kills installations (with stand-ins for the tools) at moments spread over all that they do: whatever is found afterwards is whole,
// and the next installation ends well.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { installEngine } from '../../../src/train/engine/install/installEngine.ts';
import { smokeCheck } from '../../../src/train/engine/install/smokeCheck.ts';
import { locateEngine } from '../../../src/train/engine/locateEngine.ts';
import { type FakeMachine, fakeMachine } from './fakeTools.ts';

const MOMENTS = 20;
const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
const script = fileURLToPath(new URL('installChild.ts', import.meta.url));

let machine: FakeMachine;
beforeEach(() => {
  machine = fakeMachine();
});
afterEach(() => machine.dispose());

function start() {
  return spawn(process.execPath, ['--import', tsx, script, JSON.stringify(machine.wheel)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

test('an engine is found only when it is whole, wherever its installation was killed', async () => {
  // from its first word to its end, measured once
  const whole = start();
  await once(whole.stdout, 'data');
  const began = performance.now();
  await once(whole, 'close');
  const lasts = performance.now() - began;

  let killed = 0;
  for (let moment = 0; moment < MOMENTS; moment++) {
    machine.dispose();
    machine = fakeMachine();
    const child = start();
    await once(child.stdout, 'data');
    await sleep((moment / (MOMENTS - 1)) * lasts);
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
    if (child.signalCode === 'SIGKILL') killed++;

    const found = locateEngine();
    if (found !== null) await smokeCheck(found.folder);
    const { engine } = await installEngine({ wheel: machine.wheel, variant: 'cpu' });
    expect(locateEngine()).toEqual(engine);
    await smokeCheck(engine.folder);
  }
  expect(killed).toBeGreaterThan(MOMENTS / 4);
});
