// Writes docs/reference/config.md and schemas/config.schema.json from the schema in src/experiment/config, and docs/reference/metrics.md from the table of
// columns in src/spectra/columns.ts: npx tsx scripts/writeReference.ts
import { fileURLToPath } from 'node:url';
import { writeFileAtomic } from '../src/base/files/atomicWrite.ts';
import { configJsonSchema, configMarkdown } from './configReference.ts';
import { metricsMarkdown } from './metricsReference.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
writeFileAtomic(`${root}docs/reference/config.md`, configMarkdown());
writeFileAtomic(`${root}docs/reference/metrics.md`, metricsMarkdown());
writeFileAtomic(`${root}schemas/config.schema.json`, `${JSON.stringify(configJsonSchema(), null, 2)}\n`);
