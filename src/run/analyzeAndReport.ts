import type { ResultsLayout } from '../experiment/results/layout.ts';
import type { Experiment } from '../experiment/sweep/loadExperiment.ts';
import { writeReport } from '../view/page/writeReport.ts';
import { analyzeExperiment } from './runExperiment.ts';

/**
 * Analyzes what there is, whatever became of the training, writes the report, and returns how many layers and files had to be left out.
 * The caller holds the lock of the folder.
 */
export async function analyzeAndReport(
  experiment: Experiment,
  layout: ResultsLayout,
  options: Parameters<typeof analyzeExperiment>[2],
): Promise<number> {
  const { signal, onEvent } = options;
  const { skippedLayers } = await analyzeExperiment(experiment, layout, options);
  let leftOut = skippedLayers;
  if (signal.aborted) return leftOut;
  const path = writeReport(layout.dir, (message) => {
    leftOut++;
    onEvent({ type: 'note', message: `damaged: ${message}` });
  });
  onEvent({ type: 'report', path });
  return leftOut;
}
