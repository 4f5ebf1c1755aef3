import { fileURLToPath } from 'node:url';
import { MeasuringChild } from './measuringChild.ts';
import { peerScript } from './peerEnvironment.ts';

/** Returns a child that runs a module of this folder. */
export function nodeChild<Facts extends object>(
  module: string,
  args: readonly string[],
): MeasuringChild<Facts> {
  // Sources in development, dist/ when built: the children have the extension of this file.
  const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
  const path = fileURLToPath(new URL(`./${module}${extension}`, import.meta.url));
  return new MeasuringChild({
    name: `${module} ${args.join(' ')}`,
    command: process.execPath,
    args: [...process.execArgv, path, ...args],
  });
}

/** Returns a child that runs a script of peers/. */
export function pythonChild<Facts extends object>(
  python: string,
  script: string,
  args: readonly string[],
): MeasuringChild<Facts> {
  return new MeasuringChild({
    name: `${script} ${args.join(' ')}`,
    command: python,
    args: [peerScript(script), ...args],
    env: PEER_ENVIRONMENT,
  });
}

/** Peers run on the CPU, as the engine they are compared with, and leave no compiled files in the sources. */
export const PEER_ENVIRONMENT = { CUDA_VISIBLE_DEVICES: '-1', PYTHONDONTWRITEBYTECODE: '1' } as const;
