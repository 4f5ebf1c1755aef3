import { escapeMarkup } from '../../../base/escapeMarkup.ts';
import { modelSummaries } from '../../../spectra/modelSummary.ts';
import { countsText, showNumber } from './html.ts';
import { NO_RUN, type PageData } from './pageData.ts';

/** Returns what stands for each weights file: means over its layers, its phases and its warnings. */
export function modelsSection({ spectra }: PageData): string {
  const models = modelSummaries(spectra.map(({ row }) => ({ ...row, file: row.run ?? NO_RUN })));
  return models
    .map((model) => {
      const facts: [string, string][] = [
        ['layers', String(model.layers)],
        ['mean alpha', showNumber(model.alpha)],
        ['weighted alpha', showNumber(model.alpha_weighted)],
        ['log norm', showNumber(model.log_norm)],
        ['log spectral norm', showNumber(model.log_spectral_norm)],
        ['log alpha norm', showNumber(model.log_alpha_norm)],
        ['stable rank', showNumber(model.stable_rank)],
        ['soft rank', showNumber(model.mp_softrank)],
        ['rank loss', String(model.rank_loss)],
        ['phases', countsText(model.phases)],
        ['warnings', countsText(model.warnings)],
      ];
      const list = facts.map(([name, value]) => `<dt>${name}</dt><dd>${escapeMarkup(value)}</dd>`);
      return `<div class="model"><h3>${escapeMarkup(model.file)}</h3><dl>${list.join('')}</dl></div>`;
    })
    .join('');
}
