import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Circumstances,
  type Counters,
  circumstancesBetween,
  companyText,
  readCounters,
} from '../../../src/base/machine/circumstances.ts';
import type { SystemFiles } from '../../../src/base/machine/procFiles.ts';

/** Seconds of processor time so far. */
interface Moment {
  at: number;
  /** By processor: idle, waiting for disks, stolen. */
  processors: { idle: number; waiting?: number; steal?: number }[];
  /** By process: its threads by id; the children it has and the time of those that ended. */
  processes: Record<
    number,
    { threads: Record<number, { cpu: number; on: number }>; children?: number[]; ended?: number }
  >;
  allowed?: string;
}

const OWN = 100;

/** Files as Linux writes them, in ticks of a hundredth of a second. */
function filesOf({ processors, processes, allowed = `0-${processors.length - 1}` }: Moment): SystemFiles {
  const ticks = (seconds: number): number => Math.round(100 * seconds);
  const stat = (name: string, cpu: number, ended: number, on: number): string => {
    const fields = new Array(49).fill(0);
    [fields[11], fields[12]] = [ticks(cpu), 0];
    [fields[13], fields[14]] = [0, ticks(ended)];
    fields[36] = on;
    return `1 (${name}) S ${fields.slice(1).join(' ')}\n`;
  };
  const texts: Record<string, string> = {
    '/proc/stat': [
      'cpu  1 2 3 4 5 6 7 8 0 0',
      ...processors.map(
        ({ idle, waiting = 0, steal = 0 }, i) =>
          `cpu${i} 7 8 9 ${ticks(idle)} ${ticks(waiting)} 1 2 ${ticks(steal)} 0 0`,
      ),
      'intr 1 2 3',
    ].join('\n'),
  };
  for (const [pid, { threads, children = [], ended = 0 }] of Object.entries(processes)) {
    const total = Object.values(threads).reduce((sum, { cpu }) => sum + cpu, 0);
    texts[`/proc/${pid}/stat`] = stat('node (x) y', total, ended, 0);
    texts[`/proc/${pid}/status`] = `Name:\tnode\nCpus_allowed:\tff\nCpus_allowed_list:\t${allowed}\n`;
    Object.entries(threads).forEach(([thread, { cpu, on }], i) => {
      texts[`/proc/${pid}/task/${thread}/stat`] = stat('tf_Compute', cpu, 0, on);
      texts[`/proc/${pid}/task/${thread}/children`] =
        i === 0 ? children.map((child) => `${child} `).join('') : '';
    });
  }
  return {
    read: (path) => texts[path] ?? null,
    list: (path) => Object.keys(processes[Number(path.split('/')[2])]?.threads ?? {}),
  };
}

function counters(moment: Moment, options: { pid?: number; commandPid?: number } = {}): Counters {
  return readCounters({ pid: OWN, ...options, files: filesOf(moment), now: () => moment.at });
}

const between = (before: Moment, after: Moment, options = {}): Circumstances =>
  circumstancesBetween(counters(before, options), counters(after, options));

const idleMachine: Moment = {
  at: 50,
  processors: [{ idle: 40 }, { idle: 30 }],
  processes: { [OWN]: { threads: { 100: { cpu: 5, on: 0 }, 101: { cpu: 5, on: 1 } } } },
};

describe('the circumstances of a measurement', () => {
  it('on a machine of its own: two threads on two cores', () => {
    const after: Moment = {
      at: 60,
      processors: [{ idle: 41 }, { idle: 30.5, waiting: 0.5 }],
      processes: { [OWN]: { threads: { 100: { cpu: 14, on: 0 }, 101: { cpu: 14, on: 1 } } } },
    };
    expect(between(idleMachine, after)).toEqual({
      cpu_over_wall: 1.8,
      cores_used: 2,
      steal_cores: 0,
      other_cores: 0,
      reason: null,
    });
  });

  it('beside a busy program, every thread held on one core', () => {
    const after: Moment = {
      at: 60,
      processors: [{ idle: 40 }, { idle: 30 }],
      processes: { [OWN]: { threads: { 100: { cpu: 10, on: 1 }, 101: { cpu: 10, on: 1 } } } },
    };
    expect(between(idleMachine, after)).toMatchObject({ cpu_over_wall: 1, cores_used: 1, other_cores: 1 });
  });

  it('threads that hardly worked do not tell where the process was', () => {
    const after: Moment = {
      at: 60,
      processors: [{ idle: 40 }, { idle: 40 }],
      processes: {
        [OWN]: { threads: { 100: { cpu: 15, on: 1 }, 101: { cpu: 5.02, on: 0 }, 102: { cpu: 0, on: 0 } } },
      },
    };
    expect(between(idleMachine, after).cores_used).toBe(1);
  });

  it('time that the host kept is steal, and no program of this machine', () => {
    const after: Moment = {
      at: 60,
      processors: [{ idle: 40, steal: 4 }, { idle: 30 }],
      processes: { [OWN]: { threads: { 100: { cpu: 13, on: 0 }, 101: { cpu: 13, on: 1 } } } },
    };
    expect(between(idleMachine, after)).toMatchObject({ steal_cores: 0.4, other_cores: 0 });
  });

  it('only processors that the process may run on count', () => {
    const taskset = { ...idleMachine, allowed: '1' };
    const after: Moment = {
      at: 60,
      processors: [{ idle: 40 }, { idle: 30 }],
      processes: { [OWN]: { threads: { 100: { cpu: 10, on: 1 }, 101: { cpu: 10, on: 1 } } } },
      allowed: '1',
    };
    expect(between(taskset, after).other_cores).toBe(0);
  });

  it('runs of the same sweep are no others, whether they live or have ended meanwhile', () => {
    const parent = 90;
    const before: Moment = {
      at: 0,
      processors: [{ idle: 0 }, { idle: 0 }],
      processes: {
        [parent]: { threads: { 90: { cpu: 1, on: 0 } }, children: [OWN, 101], ended: 20 },
        [OWN]: { threads: { 100: { cpu: 5, on: 0 } } },
        101: { threads: { 101: { cpu: 7, on: 1 } } },
      },
    };
    const after: Moment = {
      at: 10,
      processors: [{ idle: 0 }, { idle: 1 }],
      processes: {
        // 101 ended after 3 s more, 102 was started and has used 4 s; the parent 0.5 s; what is left, 1.5 s, is someone else's
        [parent]: { threads: { 90: { cpu: 1.5, on: 0 } }, children: [OWN, 102], ended: 30 },
        [OWN]: { threads: { 100: { cpu: 15, on: 0 } } },
        102: { threads: { 102: { cpu: 4, on: 1 } } },
      },
    };
    const { cpu_over_wall, other_cores } = between(before, after, { commandPid: parent });
    expect(cpu_over_wall).toBe(1);
    expect(other_cores).toBeCloseTo(0.15, 10);
    // Asked for the process alone, its siblings are others.
    expect(between(before, after).other_cores).toBeCloseTo(0.9, 10);
  });

  it('are null with a reason where the system does not tell, but for the processor time', () => {
    let cpu = 0;
    const files: SystemFiles = { read: () => null, list: () => null };
    const at = (now: number) => readCounters({ files, now: () => now, cpu: () => cpu });
    const before = at(1);
    cpu = 3;
    expect(circumstancesBetween(before, at(3))).toEqual({
      cpu_over_wall: 1.5,
      cores_used: null,
      steal_cores: null,
      other_cores: null,
      reason: 'this system has no /proc/stat',
    });
  });

  it('say nothing of others where the kernel does not list children', () => {
    const without = (moment: Moment): Counters => {
      const files = filesOf(moment);
      const read = (path: string) => (path.endsWith('/children') ? null : files.read(path));
      return readCounters({ pid: OWN, files: { ...files, read }, now: () => moment.at });
    };
    expect(circumstancesBetween(without(idleMachine), without({ ...idleMachine, at: 60 }))).toMatchObject({
      other_cores: null,
      steal_cores: 0,
      reason: 'the kernel does not list the children of a process',
    });
  });

  it('of this process are known on Linux, and never negative', () => {
    const before = readCounters();
    let sum = 0;
    for (let i = 0; i < 2e7; i++) sum += i;
    const found = circumstancesBetween(before, readCounters());
    expect(sum).toBeGreaterThan(0);
    expect(found.cpu_over_wall).toBeGreaterThan(0);
    for (const value of [found.steal_cores, found.other_cores]) {
      if (process.platform === 'linux') expect(value).not.toBeNull();
      expect(value ?? 0).toBeGreaterThanOrEqual(0);
    }
  });
});

describe('company', () => {
  const cores = (allowed: number, available = allowed) => ({ allowed, available });
  const taken = (other_cores: number | null, steal_cores: number | null = 0) => ({
    other_cores,
    steal_cores,
  });

  it.each([
    ['one of two cores', taken(0.98), null, cores(2), 'another program takes 1 of 2 cores'],
    ['part of one', taken(0.33), 2, cores(2), 'another program takes 0.3 of 2 cores'],
    ['the host', taken(0.01, 0.5), null, cores(2), 'the host takes 0.5 of 2 cores'],
    [
      'both',
      taken(0.6, 0.5),
      null,
      cores(2),
      'another program takes 0.6 of 2 cores, the host takes 0.5 of 2 cores',
    ],
    ['more threads than cores', taken(0.5), 16, cores(2), 'another program takes 0.5 of 2 cores'],
    ['most of many', taken(60), 8, cores(64), 'another program takes 60 of 64 cores'],
  ])('%s', (_, circumstances, threads, machine, expected) => {
    expect(companyText(circumstances, threads, machine)).toBe(expected);
  });

  it.each([
    ['a system that is only awake', taken(0.08), null, cores(2)],
    ['a program on cores that nobody wanted', taken(0.98), 1, cores(2)],
    ['a neighbour on a large machine', taken(40), 8, cores(64)],
    ['a neighbour of a container with time for two cores', taken(40), null, cores(64, 2)],
    ['nothing known', taken(null, null), null, cores(2)],
  ])('is none: %s', (_, circumstances, threads, machine) => {
    expect(companyText(circumstances, threads, machine)).toBeNull();
  });

  it('is there as soon as less than nineteen twentieths of the wanted cores are left, and names someone', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 128 }),
        fc.integer({ min: 1, max: 128 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (allowed, threads, otherShare, stealShare) => {
          const other = otherShare * allowed;
          const steal = stealShare * (allowed - other);
          const wanted = Math.min(threads, allowed);
          const text = companyText(taken(other, steal), threads, cores(allowed));
          const left = allowed - other - steal;
          if (left < 0.9499 * wanted) expect(text).toMatch(/takes [\d.]+ of/);
          if (left > 0.9501 * wanted) expect(text).toBeNull();
        },
      ),
    );
  });
});
