// Writes the generated pages of docs/reference: config.md (and schemas/config.schema.json) from the schema in src/experiment/config,
// metrics.md from the table of columns in src/spectra/columns.ts, commands.md from the commands in src/cli, and the tables of the
// reproduction in docs/notebook from results/: npm run reference
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { writeFileAtomic } from '../src/base/files/atomicWrite.ts';
import { commandsMarkdown } from './commandsReference.ts';
import { configJsonSchema, configMarkdown } from './configReference.ts';
import { metricsMarkdown } from './metricsReference.ts';
import { PAGES_WITH_TABLES, withTables } from './reproductionTables.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
writeFileAtomic(`${root}docs/reference/config.md`, configMarkdown());
writeFileAtomic(`${root}docs/reference/metrics.md`, metricsMarkdown());
writeFileAtomic(`${root}docs/reference/commands.md`, await commandsMarkdown());
writeFileAtomic(`${root}schemas/config.schema.json`, `${JSON.stringify(configJsonSchema(), null, 2)}\n`);
for (const name of PAGES_WITH_TABLES) {
  const path = `${root}docs/notebook/${name}`;
  writeFileAtomic(path, withTables(readFileSync(path, 'utf8'), `${root}results`));
}
