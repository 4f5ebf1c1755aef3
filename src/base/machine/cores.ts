import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { smallestOf } from '../extremes.ts';
import { numberList, type SystemFiles, systemFiles } from './procFiles.ts';

/** The processors that a command may run on, and how many of them it may keep busy. */
export interface Cores {
  allowed: number;
  available: number;
}

/** Returns the cores of this process. */
export function machineCores(): Cores {
  return { allowed: availableParallelism(), available: availableCores() };
}

/**
 * Returns how many cores this process may keep busy: those of its affinity (taskset, Slurm, cpusets), or as many as the time that its
 * control group is given comes to, where that is less; at least one.
 */
export function availableCores(
  files: SystemFiles = systemFiles(),
  affinity = availableParallelism(),
): number {
  const quota = coreQuota(files);
  return Math.max(1, Math.min(affinity, quota === null ? affinity : Math.floor(quota)));
}

/** Returns the numbers of the processors that a process may run on; null where the system does not tell. */
export function allowedProcessors(files: SystemFiles, pid: number | 'self' = 'self'): number[] | null {
  const found = /^Cpus_allowed_list:\s*(\S+)$/m.exec(files.read(`/proc/${pid}/status`) ?? '');
  return found === null ? null : numberList(found[1]!);
}

/** Returns the cores that the control groups around this process allow in time, by the tightest; null where none does. */
function coreQuota(files: SystemFiles): number | null {
  const groups = (files.read('/proc/self/cgroup') ?? '').split('\n').flatMap((line) => {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (path === undefined) return [];
    if (controllers === '') return [{ mount: '/sys/fs/cgroup', path, quota: quotaOfVersion2 }];
    if (!controllers!.split(',').includes('cpu')) return [];
    return ['cpu', 'cpu,cpuacct'].map((name) => ({
      mount: `/sys/fs/cgroup/${name}`,
      path,
      quota: quotaOfVersion1,
    }));
  });
  const quotas = groups.flatMap(({ mount, path, quota }) =>
    foldersUpward(path).flatMap((folder) => quota(files, join(mount, folder)) ?? []),
  );
  return quotas.length === 0 ? null : smallestOf(quotas);
}

/** In a container the path may be that of the host, and what holds is at the root of the mount. */
function foldersUpward(path: string): string[] {
  const parts = path.split('/').filter((part) => part !== '');
  return Array.from({ length: parts.length + 1 }, (_, left) => `/${parts.slice(0, left).join('/')}`);
}

function quotaOfVersion2(files: SystemFiles, folder: string): number | null {
  const [, quota, period] = /^(\d+) (\d+)/.exec(files.read(join(folder, 'cpu.max')) ?? '') ?? [];
  return quota === undefined ? null : Number(quota) / Number(period);
}

function quotaOfVersion1(files: SystemFiles, folder: string): number | null {
  const quota = Number(files.read(join(folder, 'cpu.cfs_quota_us')) ?? -1);
  const period = Number(files.read(join(folder, 'cpu.cfs_period_us')) ?? 0);
  return quota > 0 && period > 0 ? quota / period : null;
}
