import { Secret } from './secret.ts';

export type DeepReadonly<T> = T extends Secret
  ? T
  : T extends ReadonlyMap<infer K, infer V>
    ? ReadonlyMap<K, DeepReadonly<V>>
    : T extends readonly (infer E)[]
      ? readonly DeepReadonly<E>[]
      : T extends object
        ? { readonly [K in keyof T]: DeepReadonly<T[K]> }
        : T;

/** Freezes plain data and maps all the way down, in place. */
export function deepFreeze<T>(value: T): DeepReadonly<T> {
  freeze(value);
  return value as DeepReadonly<T>;
}

function freeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
  if (value instanceof Map) {
    for (const item of value.values()) freeze(item);
    // Object.freeze leaves a map's entries open: they live in a slot, not in properties.
    const refuse = { value: refuseChange };
    Object.defineProperties(value, { set: refuse, delete: refuse, clear: refuse });
  } else if (!(value instanceof Secret)) {
    for (const item of Object.values(value)) freeze(item);
  }
  Object.freeze(value);
}

function refuseChange(): never {
  throw new TypeError('The configuration cannot be changed.');
}
