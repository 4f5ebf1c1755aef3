import { allowedProcessors, type Cores, machineCores } from './cores.ts';
import { processorTimes, type SystemFiles, systemFiles, type TaskTimes, taskTimes } from './procFiles.ts';

/** Under which circumstances a speed was measured; means over the time of the measurement. Keys are those of files and `--json`. */
export interface Circumstances {
  /** Processor time of the process over wall time: how many cores it kept busy. */
  cpu_over_wall: number | null;
  /** Processors on which its working threads were last seen. */
  cores_used: number | null;
  /** Cores' worth of time that the host of a virtual machine gave to others while there was work to do. */
  steal_cores: number | null;
  /** Cores that programs other than phasewatch kept busy; other runs of the same sweep are no others. */
  other_cores: number | null;
  /** Why something is null; null where nothing is. */
  reason: string | null;
}

/** What the system had counted at one moment. Two of them give the circumstances between. */
export interface Counters {
  /** Seconds on a clock that only goes forward. */
  at: number;
  /** Seconds of processor time of the process. */
  cpu: number;
  /** Null where the system does not tell. */
  system: SystemCounters | null;
}

interface SystemCounters {
  /** The processors that the process may run on. */
  cores: number;
  /** Seconds, summed over those. */
  idle: number;
  steal: number;
  /** Seconds of processor time of all processes of the command; null where the kernel does not list children. */
  command: number | null;
  threads: Map<string, TaskTimes>;
}

export interface CountersOptions {
  /** The process whose circumstances are asked for; this one when left out. */
  pid?: number | undefined;
  /** The process that the command was started as: it and its children are no other programs. `pid` when left out. */
  commandPid?: number | undefined;
  files?: SystemFiles;
  /** Seconds. */
  now?: () => number;
  /** Seconds of processor time of this process. */
  cpu?: () => number;
}

/** A thread with a smaller share of the processor time of its process says nothing about where that works. */
const WORKING_SHARE = 0.05;
/** Part of the wanted cores that others may take before a speed counts as disturbed: kernel threads, a terminal, the error of ticks. */
const TOLERATED_SHARE = 0.05;

/** Returns what the system has counted up to now. Takes well under a millisecond where there are not hundreds of threads. */
export function readCounters({
  pid = process.pid,
  commandPid = pid,
  files = systemFiles(),
  now = () => performance.now() / 1000,
  cpu = ownCpuSeconds,
}: CountersOptions = {}): Counters {
  const stat = pid === process.pid ? null : files.read(`/proc/${pid}/stat`);
  return {
    at: now(),
    cpu: stat === null ? cpu() : taskTimes(stat).own,
    system: systemCounters(files, pid, commandPid),
  };
}

/** Returns the circumstances between two moments. */
export function circumstancesBetween(before: Counters, after: Counters): Circumstances {
  const wall = Math.max(after.at - before.at, Number.EPSILON);
  const cpu = after.cpu - before.cpu;
  const known = { cpu_over_wall: cpu / wall };
  const [from, to] = [before.system, after.system];
  if (from === null || to === null) {
    const reason = 'this system has no /proc/stat';
    return { ...known, cores_used: null, steal_cores: null, other_cores: null, reason };
  }
  const steal = to.steal - from.steal;
  const command = from.command === null || to.command === null ? null : to.command - from.command;
  const others = command === null ? null : to.cores * wall - (to.idle - from.idle) - steal - command;
  return {
    ...known,
    cores_used: coresOf(from.threads, to.threads),
    steal_cores: Math.max(0, steal / wall),
    // Ticks are counted apart from the clock: what is left of a quiet second may be a little below nothing.
    other_cores: others === null ? null : Math.max(0, others / wall),
    reason: others === null ? 'the kernel does not list the children of a process' : null,
  };
}

/**
 * Returns who took cores that the `threads` threads of a command could have used while a speed was measured, `another program takes 1
 * of 2 cores`, or null where nobody did or nobody can say. Without a number of threads they are as many as the cores.
 */
export function companyText(
  { steal_cores, other_cores }: Pick<Circumstances, 'steal_cores' | 'other_cores'>,
  threads: number | null,
  { allowed, available }: Cores = machineCores(),
): string | null {
  const wanted = Math.min(threads ?? available, available);
  const [others, steal] = [other_cores ?? 0, steal_cores ?? 0];
  if (wanted - (allowed - others - steal) <= TOLERATED_SHARE * wanted) return null;
  const of = (taken: number): string => `takes ${Number(taken.toFixed(1))} of ${allowed} cores`;
  return [
    ...(others > TOLERATED_SHARE * wanted || others >= steal ? [`another program ${of(others)}`] : []),
    ...(steal > TOLERATED_SHARE * wanted || steal > others ? [`the host ${of(steal)}`] : []),
  ].join(', ');
}

function ownCpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

function systemCounters(files: SystemFiles, pid: number, commandPid: number): SystemCounters | null {
  const stat = files.read('/proc/stat');
  const allowed = allowedProcessors(files, pid);
  if (stat === null || allowed === null) return null;
  const all = processorTimes(stat);
  const times = allowed.flatMap((processor) => all.get(processor) ?? []);
  const threads = new Map<string, TaskTimes>();
  for (const thread of files.list(`/proc/${pid}/task`) ?? []) {
    const text = files.read(`/proc/${pid}/task/${thread}/stat`);
    if (text !== null) threads.set(thread, taskTimes(text));
  }
  return {
    cores: times.length,
    idle: times.reduce((sum, { idle }) => sum + idle, 0),
    steal: times.reduce((sum, { steal }) => sum + steal, 0),
    command: commandSeconds(files, commandPid),
    threads,
  };
}

/** The processor time of a process, of all that came from it and live, and of its children that have ended: it never falls. */
function commandSeconds(files: SystemFiles, pid: number): number | null {
  const text = files.read(`/proc/${pid}/stat`);
  if (text === null) return 0;
  const { own, ended } = taskTimes(text);
  let sum = own + ended;
  for (const thread of files.list(`/proc/${pid}/task`) ?? []) {
    const children = files.read(`/proc/${pid}/task/${thread}/children`);
    if (children === null) return null;
    for (const child of children.split(' ').filter((word) => word.trim() !== '')) {
      sum += commandSeconds(files, Number(child)) ?? 0;
    }
  }
  return sum;
}

function coresOf(
  before: ReadonlyMap<string, TaskTimes>,
  after: ReadonlyMap<string, TaskTimes>,
): number | null {
  const worked = [...after].map(([thread, { own, processor }]) => ({
    processor,
    seconds: own - (before.get(thread)?.own ?? 0),
  }));
  const total = worked.reduce((sum, { seconds }) => sum + seconds, 0);
  const busy = worked.filter(({ seconds }) => seconds > 0 && seconds >= WORKING_SHARE * total);
  return busy.length === 0 ? null : new Set(busy.map(({ processor }) => processor)).size;
}
