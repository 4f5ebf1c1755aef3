import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Programs that stand in for those of Slurm: they write down what they are called with and answer as told. */
export interface FakeSlurm {
  /** To put before PATH. */
  bin: string;
  /** What was called, a line each. */
  calls(): string[];
  /** Makes a program print this on stdout from now on. */
  answer(program: string, text: string): void;
  /** Makes a program fail with this on stderr when called with a word that holds `having`. */
  fail(program: string, text: string, having?: string): void;
}

const PROGRAM = (dir: string) => `#!/bin/sh
name=$(basename "$0")
if [ "$1" = --version ]; then echo 'slurm-wlm 22.05.8'; exit 0; fi
echo "$name $*" >> '${dir}/calls'
if [ -e '${dir}/'$name.fail ]; then
  case "$*" in *"$(cat '${dir}/'$name.having)"*) cat '${dir}/'$name.fail >&2; exit 1 ;; esac
fi
if [ "$name" = sbatch ]; then
  n=$(cat '${dir}/count' 2> /dev/null || echo 100)
  echo $((n + 1)) | tee '${dir}/count'
elif [ -e '${dir}/'$name.answer ]; then
  cat '${dir}/'$name.answer
fi
`;

export function fakeSlurm(): FakeSlurm {
  const dir = mkdtempSync(join(tmpdir(), 'phasewatch-fake-slurm-'));
  const bin = join(dir, 'bin');
  mkdirSync(bin);
  for (const name of ['sbatch', 'squeue', 'sacct', 'scancel', 'scontrol']) {
    writeFileSync(join(bin, name), PROGRAM(dir));
    chmodSync(join(bin, name), 0o755);
  }
  return {
    bin,
    calls: () =>
      existsSync(join(dir, 'calls')) ? readFileSync(join(dir, 'calls'), 'utf8').trim().split('\n') : [],
    answer: (program, text) => writeFileSync(join(dir, `${program}.answer`), text),
    fail: (program, text, having = '') => {
      writeFileSync(join(dir, `${program}.fail`), text);
      writeFileSync(join(dir, `${program}.having`), having);
    },
  };
}
