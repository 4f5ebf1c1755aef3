import { didYouMean } from '../../base/nearestName.ts';
import { UserError } from '../../base/userError.ts';
import { type ConfigNode, type MapNode, type Origin, problemsError, setAt } from './configNode.ts';
import { experimentSchema, RUN_KEYS } from './experimentSchema.ts';
import { parseYaml } from './readYaml.ts';
import { isListSchema, schemaAt } from './schemaKeys.ts';

const SWEEP = 'sweep.';

/**
 * Returns the config with one `key=value` of the command line on top. The key is dotted (`optimizer.type`), the value YAML.
 * Where a list is wanted its brackets may be left out: `sweep.batchSize=2,4,8`, `l2.layers=fc1,fc2`.
 */
export function applyOverride(config: MapNode, override: string): MapNode {
  const equals = override.indexOf('=');
  if (equals < 1)
    throw new UserError(`--set must be key=value, got ${override}`, 'For example: --set epochs=3');
  const key = override.slice(0, equals).trim();
  const origin: Origin = { override };
  const path = overridePath(key, origin);
  return setAt(config, path, overrideValue(override.slice(equals + 1), path, origin));
}

/** Inside sweep a dotted key is one key: `sweep.optimizer.type` is the list under `optimizer.type`. */
function overridePath(key: string, origin: Origin): string[] {
  const swept = key.startsWith(SWEEP) ? key.slice(SWEEP.length) : null;
  const path = swept === null ? key.split('.') : ['sweep', swept];
  if (key === 'extends' || schemaAt(experimentSchema, path) === null) {
    const known = [...RUN_KEYS.keys(), 'name', 'description', 'sweep', 'analysis'];
    const hint = didYouMean(swept ?? key, known, known);
    throw problemsError([{ origin, message: `unknown key: ${key}${hint}` }]);
  }
  return path;
}

function overrideValue(text: string, path: readonly string[], origin: Origin): ConfigNode {
  const wantsList = isListSchema(schemaAt(experimentSchema, path)!);
  const bare = wantsList && text.trim() !== '' && !/^\s*(\[|null\s*$|~\s*$)/.test(text);
  const value = parseYaml(bare ? `[${text}]` : text, '--set', origin);
  return value ?? { kind: 'scalar', origin, value: null };
}
