#!/usr/bin/env node
// The command of a checkout as of the package. It is there before anything is compiled: npx links what it finds at its first call.
import { existsSync } from 'node:fs';

const main = new URL('../dist/cli/main.js', import.meta.url);
if (existsSync(main)) await import(main.href);
else {
  console.error('phasewatch: must be compiled before its first use: npm run build (npm start does it, too)');
  process.exitCode = 2;
}
