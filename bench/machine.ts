import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';

/** Instruction sets that decide how fast products of matrices are. */
const FLAGS = ['avx', 'avx2', 'fma', 'avx512f', 'avx512_vnni', 'avx512_bf16', 'amx_bf16'];

export interface Machine {
  cpu: string;
  cores: number;
  /** Data and unified caches of the first core, smallest first, as the kernel writes them: `L1d 32K`. */
  caches: string[];
  /** Which of the instruction sets that matter here the CPU has. */
  flags: string[];
  memory_gib: number;
  system: string;
}

/** Returns what a reader must know of this machine to judge a measurement. */
export function describeMachine(): Machine {
  const info = existsSync('/proc/cpuinfo') ? readFileSync('/proc/cpuinfo', 'utf8') : '';
  const flags = new Set(/^flags\s*:\s*(.*)$/m.exec(info)?.[1]?.split(' '));
  return {
    cpu: cpus()[0]?.model ?? 'unknown CPU',
    cores: availableParallelism(),
    caches: caches('/sys/devices/system/cpu/cpu0/cache'),
    flags: FLAGS.filter((flag) => flags.has(flag)),
    memory_gib: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${kernel()}, Node ${process.version}`,
  };
}

/** Returns the machine on one line. */
export function machineLine(machine: Machine): string {
  return [
    `${machine.cores} x ${machine.cpu}`,
    machine.caches.join(', ') || 'caches unknown',
    machine.flags.join(' ') || 'instruction sets unknown',
    `${machine.memory_gib} GiB`,
    machine.system,
  ].join('; ');
}

/** Returns the load of the last minute over the cores: above 0, before anything was measured, something else is running. */
export function loadPerCore(): number {
  return loadavg()[0]! / availableParallelism();
}

function caches(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => /^index\d+$/.test(name))
    .sort()
    .flatMap((name) => {
      const read = (file: string): string => readFileSync(`${folder}/${name}/${file}`, 'utf8').trim();
      const type = read('type');
      if (type === 'Instruction') return [];
      return [`L${read('level')}${type === 'Data' ? 'd' : ''} ${read('size')}`];
    });
}

function kernel(): string {
  return execFileSync('uname', ['-r'], { encoding: 'utf8' }).trim();
}
