import { COMMANDS } from './everyCommand.ts';
import { walk } from './walkCommands.ts';

/** One of each kind: everyCommand.long.ts has them all. */
const KINDS = ['run, going on', 'analyze of results', 'report', 'status', 'data import'];

walk(COMMANDS.filter(({ name }) => KINDS.includes(name)));
