import { readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { jsonProperty } from '../tensors/jsonProperty.ts';
import type { AdapterScale } from './adapters.ts';

const ADAPTER_FILE = /^adapter_model\./;
const CONFIG = 'adapter_config.json';
const MAX_CONFIG_BYTES = 1 << 20;

/** Returns the scale of the adapters of a file by the adapter_config.json beside it: lora_alpha / r, or / sqrt(r) for rank-stabilized ones. */
export function adapterScale(path: string): AdapterScale {
  const config = ADAPTER_FILE.test(basename(path)) ? readConfig(join(dirname(path), CONFIG)) : null;
  return {
    factor(module, rank) {
      const alpha =
        patternValue(jsonProperty(config, 'alpha_pattern'), module) ?? jsonProperty(config, 'lora_alpha');
      if (typeof alpha !== 'number') return null;
      return alpha / (jsonProperty(config, 'use_rslora') === true ? Math.sqrt(rank) : rank);
    },
  };
}

/** Quantifiers of a pattern: more of them, or one of a group, could take longer than anybody waits. */
const QUANTIFIERS = /[*+?{]/g;
const MAX_QUANTIFIERS = 4;

/** Settings of single modules stand under the end of their names, or under a regular expression for it. The first that fits counts. */
function patternValue(pattern: unknown, module: string): unknown {
  if (typeof pattern !== 'object' || pattern === null) return undefined;
  return Object.entries(pattern).find(([key]) => fits(key, module))?.[1];
}

function fits(key: string, module: string): boolean {
  if (module === key || module.endsWith(`.${key}`)) return true;
  const isBounded =
    (key.match(QUANTIFIERS)?.length ?? 0) <= MAX_QUANTIFIERS && !/\)[*+?{]/.test(key) && module.length < 1000;
  try {
    // A leading ^ stands for the beginning of the name in the model that is adapted.
    const name = key.startsWith('^') ? module.replace(/^base_model\.model\./, '') : module;
    return isBounded && new RegExp(`^(?:.*\\.)?(?:${key})$`).test(name);
  } catch {
    return false;
  }
}

function readConfig(path: string): unknown {
  try {
    if (statSync(path).size > MAX_CONFIG_BYTES) return null;
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    // Without it the product has no scale, which its row says.
    return null;
  }
}
