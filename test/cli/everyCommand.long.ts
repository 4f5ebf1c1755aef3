import { COMMANDS } from './everyCommand.ts';
import { walk } from './walkCommands.ts';

walk(COMMANDS);
