/** What an unpickled value can be: containers, plain values, and what `build` of the caller makes. */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleList
  | PickleDict
  | PickleGlobal
  | PickleBuilt;

/** A list, tuple or set. */
export interface PickleList {
  kind: 'list';
  items: PickleValue[];
}

/** Keys and values in order; a key set twice is there twice. */
export interface PickleDict {
  kind: 'dict';
  entries: [PickleValue, PickleValue][];
}

export interface PickleGlobal {
  kind: 'global';
  name: string;
}

/** A value made by the caller, who alone looks into it. */
export interface PickleBuilt {
  kind: 'built';
  value: object;
}

/** Whether a value is a list, a dict, a global, or built by the caller. */
export function isKind<K extends 'list' | 'dict' | 'global' | 'built'>(
  value: PickleValue | undefined,
  kind: K,
): value is Extract<PickleValue, { kind: K }> {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === kind;
}
