// Draws the figures and the report of every experiment in results/ from what git keeps of it: npm run figures
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { resultsLayout } from '../src/experiment/results/layout.ts';
import { readResults } from '../src/experiment/results/readResults.ts';
import { resultsFigures } from '../src/view/figures/resultsFigures.ts';
import { writeReport } from '../src/view/page/writeReport.ts';
import { writeFigures } from '../src/view/writeFigures.ts';

const ROOT = 'results';

const folders = readdirSync(ROOT, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('experiment.yaml'))
  .map((path) => dirname(join(ROOT, path)))
  .sort();
for (const folder of folders) {
  const { figures, pngMissing } = await writeFigures(
    resultsLayout(folder).figures,
    resultsFigures(readResults(folder)),
  );
  writeReport(folder, (message) => console.error(`damaged: ${message}`));
  console.log(`${folder}: ${figures.length} figures${pngMissing === null ? '' : `, no PNG: ${pngMissing}`}`);
}
