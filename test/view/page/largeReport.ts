import { randomStream } from '../../../src/base/random/stream.ts';
import { NO_CIRCUMSTANCES, NOT_EVALUATED } from '../../../src/experiment/results/metricsRow.ts';
import { SPECTRUM_COLUMNS } from '../../../src/spectra/columns.ts';
import { marchenkoPasturEdges, marchenkoPasturQuantile } from '../../../src/spectra/laws/marchenkoPastur.ts';
import { PHASES } from '../../../src/spectra/phase.ts';
import type { SpectrumRow } from '../../../src/spectra/spectrumRow.ts';
import type { ReportInput } from '../../../src/view/page/content/reportInput.ts';

const LAYERS = [
  { name: 'fc1', N: 4096, M: 384 },
  { name: 'fc2', N: 384, M: 192 },
] as const;

/** Returns a report's input of `runs` runs of `epochs` epochs and two layers: quantiles of the law, jittered, and growing spikes. */
export function largeReportInput(runs: number, epochs: number): ReportInput {
  const empty = Object.fromEntries(SPECTRUM_COLUMNS.map(([column]) => [column, null]));
  const ids = Array.from({ length: runs }, (_, i) => `b=${2 ** (1 + Math.floor((i * 10) / runs))}_seed=${i}`);
  const spectra: SpectrumRow[] = [];
  const evals = new Map<string, Float64Array>();
  for (const { name, N, M } of LAYERS) {
    const law = Array.from({ length: M }, (_, i) => marchenkoPasturQuantile((i + 0.5) / M, N / M, 1));
    const { lambdaMinus, lambdaPlus } = marchenkoPasturEdges(N / M, 1);
    ids.forEach((run, r) => {
      const stream = randomStream(r, name);
      for (let epoch = 0; epoch <= epochs; epoch++) {
        const values = Float64Array.from(
          law,
          (value, i) =>
            value * (1 + 0.02 * stream.uniform()) + (i > M - 12 ? 0.05 * epoch * stream.uniform() : 0),
        ).sort();
        const max = values.at(-1)!;
        evals.set(`${run}/${epoch}/${name}`, values);
        spectra.push({
          ...empty,
          run,
          epoch,
          layer: name,
          N,
          M,
          Q: N / M,
          num_evals: M,
          lambda_max: max,
          stable_rank: values.reduce((sum, value) => sum + value, 0) / max,
          alpha: 3 + stream.uniform(),
          xmin: 1,
          num_pl_spikes: 40,
          sigma_mp: 1,
          lambda_minus: lambdaMinus,
          lambda_plus: lambdaPlus,
          tw_edge: lambdaPlus * 1.02,
          num_spikes: 11,
          mp_softrank: lambdaPlus / max,
          phase: PHASES[Math.floor((epoch * 5) / epochs)]!,
          phase_confidence: stream.uniform(),
          phase_ambiguous: stream.uniform() < 0.1,
          phase_evidence: `spikes ${11 + stream.below(5)} above the edge; soft rank ${stream.uniform()}; bulk KS ${stream.uniform()}`,
        } as SpectrumRow);
      }
    });
  }
  return {
    experiment: { name: `${runs} runs of ${epochs} epochs`, description: null, yaml: null },
    runs: ids.map((id, seed) => ({
      id,
      config: { batchSize: Number(/b=(\d+)/.exec(id)![1]), seed },
      status: null,
      provenance: null,
      metrics: Array.from({ length: epochs + 1 }, (_, epoch) => ({
        epoch,
        learning_rate: 0.01,
        train_loss: epoch === 0 ? null : 1 / epoch,
        train_accuracy: epoch === 0 ? null : 1 - 0.5 / epoch,
        test_loss: 1.2 / (epoch + 1),
        test_accuracy: 1 - 0.6 / (epoch + 1),
        images_per_second: 1000,
        train_time_s: 10,
        ...NO_CIRCUMSTANCES,
        ...NOT_EVALUATED,
      })),
    })),
    spectra,
    reproduction: [],
    esd: (run, epoch, layer) => evals.get(`${run}/${epoch}/${layer}`) ?? null,
  };
}
