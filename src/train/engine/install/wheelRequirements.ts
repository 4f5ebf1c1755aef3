/** The extra of the tensorflow wheel that names NVIDIA's libraries. */
export const CUDA_EXTRA = 'and-cuda';

/**
 * Returns requirements such as `nvidia-cublas-cu12<13.0,>=12.5.3.2` with their least version alone, `nvidia-cublas-cu12==12.5.3.2`: the
 * versions that the wheel was built against (its build_info says CUDA 12.5.1, and so do they) and no later one that nobody tried
 * with it. A requirement without a least version stays as it is.
 */
export function leastVersions(requirements: readonly string[]): string[] {
  return requirements.map((requirement) => {
    const [, name, version] = /^([\w.-]+).*>=([\w.]+)/.exec(requirement) ?? [];
    return version === undefined ? requirement : `${name}==${version}`;
  });
}

/**
 * Returns the requirements that a wheel's METADATA names for `extra`, without their markers: `nvidia-cublas-cu12<13.0,>=12.5.3.2`.
 * (Core metadata specification, Requires-Dist.)
 */
export function requirementsOfExtra(metadata: string, extra: string): string[] {
  const headers = metadata.split(/\r?\n\r?\n/, 1)[0]!.split(/\r?\n/);
  return headers.flatMap((line) => {
    const [, requirement, marker] = /^Requires-Dist:\s*([^;]+?)\s*;\s*(.*)$/i.exec(line) ?? [];
    if (requirement === undefined || marker === undefined) return [];
    const named = /extra\s*==\s*(['"])([^'"]+)\1/.exec(marker)?.[2];
    return named === extra ? [requirement.replace(/[()\s]/g, '')] : [];
  });
}
