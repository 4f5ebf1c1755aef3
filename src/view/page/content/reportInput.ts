import type { CsvRow } from '../../../experiment/results/csvFiles.ts';
import type { MetricsRow } from '../../../experiment/results/metricsRow.ts';
import type { Provenance } from '../../../experiment/results/provenance.ts';
import type { RunStatus } from '../../../experiment/results/runStatus.ts';
import type { SpectrumRow } from '../../../spectra/spectrumRow.ts';

/** Two models of which the page shows the difference. */
export interface Difference {
  a: string;
  b: string;
  /** What could not be compared, a line each. */
  remarks: readonly string[];
}

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
  /** Rows of weights files, `run` being the file: the page goes through their layers instead of epochs. */
  weights?: boolean;
  /** The rows are of B - A, with the columns of `diff` besides. */
  difference?: Difference;
  /** Authors' numbers beside this project's, any columns; a column `within` says yes or no. Empty: no such section. */
  reproduction: readonly CsvRow[];
  /** Files that could not be read, each with the reason. */
  damage?: readonly string[];
  esd(run: string | null, epoch: number | null, layer: string): Float64Array | null;
}
