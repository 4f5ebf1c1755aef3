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

/** Settings of single modules stand under the end of their names. */
function patternValue(pattern: unknown, module: string): unknown {
  if (typeof pattern !== 'object' || pattern === null) return undefined;
  return Object.entries(pattern).find(([key]) => module === key || module.endsWith(`.${key}`))?.[1];
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
