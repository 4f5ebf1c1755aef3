// Prints what the sources of src/ are made of, and holds their imports to the table in docs/reference/architecture.md:
// npm run architecture [-- FOLDER]
import {
  allowedArrows,
  cycles,
  folderOf,
  foundArrows,
  isAllowed,
  readHouse,
  readTable,
  roomOf,
  unusedPermissions,
} from './architecture.ts';

const root = process.argv[2] ?? new URL('..', import.meta.url).pathname;
const house = readHouse(root);
const table = readTable(root);
const arrows = [...foundArrows(house)];
const strangers = arrows.filter(([, { from, to }]) => !isAllowed(table, folderOf(from), folderOf(to)));
const between = (nameOf: (file: string) => string) =>
  house.imports
    .filter(({ kind }) => kind !== 'path')
    .map(({ from, to }) => [nameOf(from), nameOf(to)] as const)
    .filter(([from, to]) => from !== to);
const circles = {
  rooms: cycles(between(roomOf)),
  folders: cycles(between(folderOf)),
  files: cycles(between((file) => file)),
};

const rooms = new Set(house.files.filter((file) => file.includes('/')).map(roomOf));
const lines: [name: string, count: number][] = [
  ['folders at the top of src', rooms.size],
  ['folders with files in them', new Set(house.files.map(folderOf)).size],
  ['files', house.files.length],
  ['imports among them', house.imports.length],
  ['cycles of top folders', circles.rooms.length],
  ['cycles of folders', circles.folders.length],
  ['cycles of files', circles.files.length],
  ['arrows between folders, allowed', allowedArrows(table).length],
  ['arrows between folders, found', arrows.length],
  ['found and not allowed', strangers.length],
  ['allowed and never used', unusedPermissions(table, house).length],
];
for (const [name, count] of lines) console.log(`${name.padEnd(34)}${String(count).padStart(5)}`);
for (const group of Object.values(circles).flat()) console.log(`cycle: ${group.join(', ')}`);
for (const [arrow, { from, to }] of strangers) console.log(`not allowed: ${arrow} (${from} imports ${to})`);
for (const one of unusedPermissions(table, house)) console.log(`never used: ${one}`);
if (strangers.length > 0 || Object.values(circles).flat().length > 0) process.exitCode = 1;
