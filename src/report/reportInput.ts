import type { MetricsRow } from '../results/metricsRow.ts';
import type { RunStatus } from '../results/runStatus.ts';
import type { SpectrumRow } from '../spectra/spectrumRow.ts';
import type { Provenance } from '../sweep/provenance.ts';

/** What a report is made from; `readResults` returns it. */
export interface ReportInput {
  experiment: { name: string; description: string | null; yaml: string | null };
  runs: readonly {
    id: string;
    config: Readonly<Record<string, unknown>> | null;
    status: RunStatus | null;
    provenance: Provenance | null;
    metrics: readonly MetricsRow[];
  }[];
  spectra: readonly SpectrumRow[];
  esd(run: string | null, epoch: number | null, layer: string): Float64Array | null;
}
