// Writes docs/config.md and schemas/config.schema.json from the schema in src/experiment/config: npx tsx scripts/writeConfigReference.ts
import { fileURLToPath } from 'node:url';
import { writeFileAtomic } from '../src/base/files/atomicWrite.ts';
import { configJsonSchema, configMarkdown } from './configReference.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
writeFileAtomic(`${root}docs/config.md`, configMarkdown());
writeFileAtomic(`${root}schemas/config.schema.json`, `${JSON.stringify(configJsonSchema(), null, 2)}\n`);
