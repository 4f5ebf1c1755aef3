/**
 * Compares the analysis with WeightWatcher 0.7.7 (powerlaw 1.5) on real trained weights and prints the largest difference of each
 * column: `npm run parity` trains a quick LeNet5 on MNIST first, `npm run parity -- PATH...` takes snapshots or results folders
 * (of each run the first and the last snapshot). Ends with 1 when a column exceeds its tolerance. WeightWatcher is installed into
 * a virtual environment in the cache folder.
 */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PEER_ENVIRONMENT } from '../bench/benchProcesses.ts';
import {
  type ColumnDifference,
  compareDetails,
  FINGER_TOLERANCES,
  OTHER_BY_DESIGN,
  PARITY_TOLERANCES,
  type WeightWatcherRow,
  withinTolerance,
} from '../bench/parity.ts';
import { peerPython, peerScript, SPECTRA_PEERS } from '../bench/peerEnvironment.ts';
import { analyzeWeights } from '../src/analyze/analyzeWeights.ts';
import { UserError } from '../src/base/userError.ts';
import { analysisSchema, parseRunConfig } from '../src/experiment/config/schema.ts';
import { loadDataset } from '../src/experiment/data/loadDataset.ts';
import { resultsLayout } from '../src/experiment/results/layout.ts';
import { collectEnvironment } from '../src/experiment/results/provenance.ts';
import { engineVersions } from '../src/run/engineOptions.ts';
import { runInProcess } from '../src/run/runInProcess.ts';
import { availableLinearAlgebra } from '../src/train/engine/availableLinearAlgebra.ts';
import { runTool } from '../src/train/engine/install/runTool.ts';
import { loadEngine } from '../src/train/engine/loadEngine.ts';
import { NO_VALUE } from '../src/view/terminal/numberText.ts';
import { formatTable } from '../src/view/terminal/table.ts';
import { openWeights } from '../src/weights/openWeights.ts';

const QUICK_LENET = {
  network: 'lenet5',
  dataset: 'mnist',
  optimizer: { type: 'adadelta' },
  learningRate: 1,
  batchSize: 32,
  trainImages: 6000,
  testImages: 1000,
  epochs: 2,
  seed: 1,
};

/** What WeightWatcher says of a layer for which it has no fit. */
const FAILED = 'failed';

interface Pass {
  title: string;
  options: object;
  analysis: object;
  tolerances: Readonly<Record<string, number>>;
  byDesign: readonly string[];
}

const PASSES: readonly Pass[] = [
  {
    title: 'fit ww, vectors',
    options: { mp_fit: true, vectors: true },
    analysis: { fit: 'ww', vectors: true },
    tolerances: PARITY_TOLERANCES,
    byDesign: OTHER_BY_DESIGN,
  },
  {
    title: 'fit ww, fix_fingers clip_xmax',
    options: { fix_fingers: 'clip_xmax' },
    analysis: { fit: 'ww', fixFingers: 'clip_xmax' },
    tolerances: FINGER_TOLERANCES,
    byDesign: ['num_fingers', 'num_pl_spikes'],
  },
];

try {
  const python = await peerPython(SPECTRA_PEERS, console.error);
  const folder = mkdtempSync(join(tmpdir(), 'phasewatch-parity-'));
  try {
    const paths = process.argv.length > 2 ? process.argv.slice(2).flatMap(snapshotsIn) : await train(folder);
    process.exitCode = (await compare(python, paths)) ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  console.error(`parity: ${error.message}${error.remedy === undefined ? '' : `\n${error.remedy}`}`);
  process.exitCode = 2;
}

async function train(folder: string): Promise<string[]> {
  console.error('training LeNet5 on 6000 images of MNIST, 2 epochs');
  const config = parseRunConfig(QUICK_LENET);
  const engine = loadEngine();
  const status = await runInProcess({
    run: 'lenet5',
    files: resultsLayout(folder).run('lenet5'),
    config,
    dataset: loadDataset(config.dataset, config),
    binding: engine.binding,
    environment: collectEnvironment({ engine: engineVersions(engine), threads: null, device: null }),
    source: { config_file: '', overrides: [], command: 'parity' },
    signal: new AbortController().signal,
    onEvent: () => {},
  });
  if (status.state !== 'done')
    throw new Error(`training must end well, got ${status.state}: ${status.error}`);
  return snapshotsIn(folder);
}

/** Returns the file itself, or the first and last snapshot of every run of a results folder. */
function snapshotsIn(path: string): string[] {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined)
    throw new UserError(`${path} must be a snapshot or a results folder, got no such file`);
  if (stat.isFile()) return [path];
  const { runs, run } = resultsLayout(path);
  if (!statSync(runs, { throwIfNoEntry: false })?.isDirectory()) {
    throw new UserError(`${path} must be a snapshot or a results folder, got a folder without runs/`);
  }
  return readdirSync(runs).flatMap((id) => {
    const { snapshots } = run(id);
    const files = readdirSync(snapshots)
      .filter((name) => name.endsWith('.safetensors'))
      .sort();
    return [...new Set([files[0], files.at(-1)])].flatMap((name) =>
      name === undefined ? [] : [join(snapshots, name)],
    );
  });
}

async function compare(python: string, paths: readonly string[]): Promise<boolean> {
  let holds = true;
  for (const pass of PASSES) holds = (await comparePass(python, paths, pass)) && holds;
  return holds;
}

async function comparePass(python: string, paths: readonly string[], pass: Pass): Promise<boolean> {
  const script = peerScript('weightwatcher_details.py');
  const options = JSON.stringify(pass.options);
  const { code, stdout, stderr } = await runTool(python, [script, options, ...paths], {
    env: PEER_ENVIRONMENT,
  });
  if (code !== 0)
    throw new UserError(`WeightWatcher must analyze ${paths.join(', ')}, got ${stderr.slice(-500)}`);
  const answer = JSON.parse(stdout) as { versions: string; files: WeightWatcherRow[][] };
  const algebra = availableLinearAlgebra();
  const ours = paths.flatMap((path) => {
    const file = openWeights(path);
    try {
      const { layers } = analyzeWeights(file, analysisSchema.parse(pass.analysis), algebra, {
        conv: 'slices',
      });
      return layers.map(({ row }) => ({ layer: `${row.layer} of ${path}`, row }));
    } finally {
      file.close();
    }
  });
  const theirs = answer.files.flat();
  const differences = compareDetails(
    ours.filter((_, i) => theirs[i]?.status !== FAILED),
    theirs.filter(({ status }) => status !== FAILED),
    pass.tolerances,
    pass.byDesign,
  );
  const failed = theirs.filter(({ status }) => status === FAILED).length;
  const text = (value: number | null): string =>
    value === null ? NO_VALUE : String(Number(value.toPrecision(8)));
  console.log(
    `\n${answer.versions}, ${pass.title}, ${ours.length} layers of ${paths.length} snapshots, ${failed} of which WeightWatcher could not fit`,
  );
  console.log(
    formatTable<ColumnDifference>(
      [
        { title: 'column', text: ({ column }) => column },
        {
          title: 'largest difference',
          text: ({ difference }) =>
            difference === null ? NO_VALUE : difference === 0 ? '0' : difference.toExponential(1),
          align: 'right',
        },
        { title: 'phasewatch', text: ({ phasewatch }) => text(phasewatch), align: 'right' },
        { title: 'WeightWatcher', text: ({ weightwatcher }) => text(weightwatcher), align: 'right' },
        {
          title: 'tolerance',
          text: ({ tolerance }) => (tolerance === null ? 'by design' : String(tolerance)),
          align: 'right',
        },
        { title: '', text: (difference) => (withinTolerance(difference) ? '' : 'EXCEEDED') },
      ],
      differences,
    ),
  );
  return differences.every(withinTolerance);
}
