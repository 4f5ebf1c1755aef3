import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../../base/files/temporaryFolder.ts';
import { readResults } from '../../experiment/results/readResults.ts';
import { networkOf } from '../../experiment/sweep/checkRun.ts';
import { runTool } from '../../train/engine/install/runTool.ts';
import { endOf, OUT_OF_TIME } from './askProcess.ts';
import type { Proving } from './numericChecks.ts';
import type { ProofCheck } from './proof.ts';

/** The config of the package that `npm start` runs, as far above this file in src/ as in dist/. */
const CONFIG = fileURLToPath(new URL('../../../configs/quick.yaml', import.meta.url));
const EPOCHS = 2;
const SETTINGS = [`epochs=${EPOCHS}`, 'trainImages=2000', 'testImages=1000', 'sweep.batchSize=16,64,500'];

/** Runs a sweep of two epochs, two runs side by side on the device, and looks at what it leaves. */
export async function proveSweep({ device, program, late, signal }: Proving): Promise<ProofCheck> {
  const name = 'a sweep of two epochs';
  const folder = temporaryFolder('proof');
  const out = join(folder, 'sweep');
  const words = [...SETTINGS.flatMap((setting) => ['--set', setting]), '--jobs', '2', '--device', device];
  try {
    const run = [...process.execArgv, program, 'run', CONFIG, '--out', out, '--quiet', ...words];
    const { code, stdout, stderr } = await runTool(process.execPath, run, {
      signal: endOf({ signal, late }),
    });
    if (code !== 0) {
      const said = `${stdout}\n${stderr}`.trim().split('\n').slice(-2).join(' ');
      return {
        name,
        holds: false,
        found: `it ended with exit code ${code}: ${said}`,
        figures: { exit_code: code },
      };
    }
    return { name, ...whatItLeft(out, device) };
  } catch (error) {
    if (signal.aborted || !late?.aborted) throw error;
    return { name, holds: false, found: OUT_OF_TIME, figures: {} };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function whatItLeft(out: string, device: string): Omit<ProofCheck, 'name'> {
  const results = readResults(out);
  const runs = results.runs.length;
  const onDevice = results.runs.filter(({ provenance }) =>
    provenance!.sessions.every(({ gpu }) => gpu === (device !== 'cpu')),
  ).length;
  const rows = results.spectra.filter(({ phase }) => phase !== null).length;
  // of epoch 0 too
  const expected = results.runs.reduce(
    (sum, { config }) => sum + (EPOCHS + 1) * networkOf(config!).analyzedLayers.length,
    0,
  );
  return {
    holds: onDevice === runs && rows === expected,
    found: `${runs} runs, ${onDevice} of them on ${device}; ${rows} of ${expected} spectra with a phase; a report`,
    figures: { runs, on_device: onDevice, spectra: rows, spectra_expected: expected },
  };
}
