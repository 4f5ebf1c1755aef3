#!/usr/bin/env node
import { runCommandLine } from './commandLine.ts';
import { ignoreClosedPipes } from './output.ts';

ignoreClosedPipes();
await runCommandLine(process.argv.slice(2));
