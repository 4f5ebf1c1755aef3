import type { CsvValue } from './csvFiles.ts';

/** Keys that name a repetition or what is stored, not a way of training. */
const NOT_SETTINGS = /^(seed|initSeed|snapshots(\..*)?)$/;

export interface ConfiguredRun {
  id: string;
  config: Readonly<Record<string, unknown>> | null;
}

/**
 * Returns, for each run id, the settings that differ between the runs, dotted key to value as text (`none` for null), in the order
 * of the configs. Seeds are left out, and the keys of `except`. A run without a config differs by its id.
 */
export function differingSettings(
  runs: readonly ConfiguredRun[],
  except: readonly string[] = [],
): Map<string, Readonly<Record<string, string>>> {
  const flat = new Map(runs.map(({ id, config }) => [id, config === null ? null : flatten(config)]));
  const values = new Map<string, Set<string>>();
  const known = [...flat.values()].filter((settings) => settings !== null);
  for (const settings of known) {
    for (const key of settings.keys()) {
      if (!values.has(key)) {
        values.set(key, new Set(known.map((other) => other.get(key) ?? 'none')));
      }
    }
  }
  const differing = [...values]
    .filter(([key, set]) => set.size > 1 && !NOT_SETTINGS.test(key) && !except.includes(key))
    .map(([key]) => key);
  return new Map(
    [...flat].map(([id, settings]) => [
      id,
      settings === null
        ? { run: id }
        : Object.fromEntries(differing.map((key) => [key, settings.get(key) ?? 'none'])),
    ]),
  );
}

/** Returns the dotted keys of the runs' configs. */
export function settingKeys(runs: readonly ConfiguredRun[]): string[] {
  return [...new Set(runs.flatMap(({ config }) => (config === null ? [] : [...flatten(config).keys()])))];
}

/** Returns settings as one line, `l2.coefficient=0.01, learningRate=0.1`; empty where there are none. */
export function settingText(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([key, value]) => `${key}=${value}`)
    .join(', ');
}

/** Returns the keys of a config, dotted, with their values; a list as JSON. */
export function flatSettings(
  config: Readonly<Record<string, unknown>>,
  prefix = '',
): Record<string, CsvValue> {
  const flat: Record<string, CsvValue> = {};
  for (const [key, value] of Object.entries(config)) {
    const path = prefix + key;
    if (Array.isArray(value)) flat[path] = JSON.stringify(value);
    else if (value !== null && typeof value === 'object') {
      Object.assign(flat, flatSettings(value as Record<string, unknown>, `${path}.`));
    } else flat[path] = value as CsvValue;
  }
  return flat;
}

function flatten(config: Readonly<Record<string, unknown>>): Map<string, string> {
  const flat = Object.entries(flatSettings(config));
  return new Map(flat.map(([key, value]) => [key, value === null ? 'none' : String(value)]));
}
