/** What an unpickled value can be: containers, plain values, inert stand-ins, and what the caller's `call` makes. */
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
  | PickleObject
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

/** The name of a class or function: a name and no more. */
export interface PickleGlobal {
  kind: 'global';
  name: string;
}

/** Stands for an object of a class that is not known, and holds what the file gives it. Nothing of the class is ever loaded. */
export interface PickleObject {
  kind: 'object';
  /** Of its class, or of the function whose result it is. */
  name: string;
  args: PickleList;
  state: PickleValue;
  /** What was appended to it, where it is a kind of list. */
  items: PickleValue[];
  /** What was set in it, where it is a kind of dict. */
  entries: [PickleValue, PickleValue][];
}

/** A value made by the caller, who alone looks into it. */
export interface PickleBuilt {
  kind: 'built';
  value: object;
}

/** Whether a value is a list, a dict, a global, a stand-in, or built by the caller. */
export function isKind<K extends 'list' | 'dict' | 'global' | 'object' | 'built'>(
  value: PickleValue | undefined,
  kind: K,
): value is Extract<PickleValue, { kind: K }> {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === kind;
}

/** Returns a stand-in for the result of `name(*args)`. */
export const standIn = (name: string, args: readonly PickleValue[] = []): PickleObject => ({
  kind: 'object',
  name,
  args: { kind: 'list', items: [...args] },
  state: null,
  items: [],
  entries: [],
});
