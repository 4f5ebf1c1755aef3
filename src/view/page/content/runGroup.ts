/** Returns what a run id says beside its seed: repetitions of one setting share it. */
export function runGroup(id: string): string {
  const group = id
    .split('_')
    .filter((part) => !/^seed=\d+$/.test(part))
    .join('_');
  return group === '' ? id : group;
}
