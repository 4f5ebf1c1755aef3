import { describe, expect, it } from 'vitest';
import { allowedProcessors, availableCores } from '../../../src/base/machine/cores.ts';
import { numberList, taskTimes } from '../../../src/base/machine/procFiles.ts';

const files = (texts: Record<string, string>) => ({
  read: (path: string) => texts[path] ?? null,
  list: () => null,
});

describe('cores that may be kept busy', () => {
  it.each<[string, Record<string, string>, number, number]>([
    ['affinity alone', {}, 4, 4],
    ['a container', { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': '200000 100000\n' }, 64, 2],
    ['no limit', { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': 'max 100000\n' }, 64, 64],
    [
      'the tightest of nested groups',
      {
        '/proc/self/cgroup': '0::/system.slice/job.scope\n',
        '/sys/fs/cgroup/system.slice/cpu.max': '800000 100000\n',
        '/sys/fs/cgroup/system.slice/job.scope/cpu.max': '1600000 100000\n',
      },
      64,
      8,
    ],
    ['less than a core', { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': '50000 100000\n' }, 8, 1],
    [
      'a part of a core is none',
      { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': '350000 100000\n' },
      8,
      3,
    ],
    [
      'version 1',
      {
        '/proc/self/cgroup': '4:memory:/docker/ab\n3:cpu,cpuacct:/docker/ab\n1:name=systemd:/\n',
        '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': '300000\n',
        '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us': '100000\n',
      },
      16,
      3,
    ],
    [
      'version 1 without a limit',
      {
        '/proc/self/cgroup': '1:cpu:/\n',
        '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1\n',
        '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
      },
      16,
      16,
    ],
    [
      'affinity below the limit',
      { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': '800000 100000' },
      2,
      2,
    ],
  ])('%s', (_, texts, affinity, expected) => {
    expect(availableCores(files(texts), affinity)).toBe(expected);
  });

  it('the allowed processors are those of the status file', () => {
    const status = 'Name:\tnode\nCpus_allowed:\t0f0\nCpus_allowed_list:\t4-7,9\nMems_allowed:\t1\n';
    expect(allowedProcessors(files({ '/proc/self/status': status }))).toEqual([4, 5, 6, 7, 9]);
    expect(allowedProcessors(files({}))).toBeNull();
  });
});

describe('files of /proc', () => {
  it('lists of numbers', () => {
    expect(numberList('0\n')).toEqual([0]);
    expect(numberList('0-2,5,7-8\n')).toEqual([0, 1, 2, 5, 7, 8]);
    expect(numberList('\n')).toEqual([]);
  });

  it('a stat file, whatever the name of the process', () => {
    const text =
      '4242 (a) b (c) R 1 2 3 0 -1 4194304 99 0 0 0 1234 66 700 34 20 0 1 0 104607 3133440 380 ' +
      '18446744073709551615 1 2 3 4 5 0 0 0 0 0 0 0 17 3 0 0 0 0 0 1 2 3 4 5 6 7 0\n';
    expect(taskTimes(text)).toEqual({ own: 13, ended: 7.34, processor: 3 });
  });
});
