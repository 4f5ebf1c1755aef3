import { createInterface } from 'node:readline';
import { systemFiles } from '../src/base/machine/procFiles.ts';

/** What a measuring child did in the time it was given. */
export interface Measurement {
  /** Work done: steps, products, files; what a unit is belongs to the child. */
  units: number;
  wall_s: number;
  /** User and system time of the whole child, all threads: what is left comparable when other programs share the cores. */
  cpu_s: number;
  /** Most memory the child has had so far. */
  peak_rss_mib: number;
}

/**
 * The child's half of a measurement. Prints one JSON line when all is set up, then answers every line on stdin (seconds to measure
 * for) with one JSON line, a Measurement; ends with stdin. `work` does a little and returns how many units that was.
 */
export async function serveMeasurements(facts: object, work: () => number): Promise<void> {
  process.stdout.write(`${JSON.stringify(facts)}\n`);
  for await (const line of createInterface({ input: process.stdin })) {
    const seconds = Number(line);
    const cpu = process.cpuUsage();
    const start = performance.now();
    let units = 0;
    while (performance.now() - start < seconds * 1000) units += work();
    const wall_s = (performance.now() - start) / 1000;
    const { user, system } = process.cpuUsage(cpu);
    const measurement: Measurement = {
      units,
      wall_s,
      cpu_s: (user + system) / 1e6,
      peak_rss_mib: peakRssKiB() / 1024,
    };
    process.stdout.write(`${JSON.stringify(measurement)}\n`);
  }
}

/** On Linux resourceUsage() begins with what the parent had when it started the child, which may be more than the child ever has. */
function peakRssKiB(): number {
  const status = systemFiles().read('proc/self/status');
  return status === null ? process.resourceUsage().maxRSS : Number(/^VmHWM:\s*(\d+) kB/m.exec(status)![1]);
}
