import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The script of this program, compiled or not: what starts it again in another process is handed this. */
export const PROGRAM = fileURLToPath(new URL(`./main${extname(import.meta.url)}`, import.meta.url));
