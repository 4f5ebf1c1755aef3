import type { Circumstances } from '../../base/machine/circumstances.ts';
import { fixed } from './numberText.ts';

/** Returns what stands behind a speed: ` (CPU 1.84, cores 2, steal 0.00)`; nothing where nothing is known. */
export function circumstancesText(
  circumstances: Pick<Circumstances, 'cpu_over_wall' | 'cores_used' | 'steal_cores'> | null,
): string {
  const { cpu_over_wall = null, cores_used = null, steal_cores = null } = circumstances ?? {};
  const known = [
    ...(cpu_over_wall === null ? [] : [`CPU ${fixed(cpu_over_wall, 2)}`]),
    ...(cores_used === null ? [] : [`cores ${cores_used}`]),
    ...(steal_cores === null ? [] : [`steal ${fixed(steal_cores, 2)}`]),
  ];
  return known.length === 0 ? '' : ` (${known.join(', ')})`;
}
