import { isDeepStrictEqual } from 'node:util';

export type Patch = Readonly<Record<string, unknown>>;

/**
 * The JSON Merge Patch (RFC 7396) that makes `after` of `before`. Lists are replaced whole. Such a patch cannot set a
 * field to null: it removes the field.
 */
export function mergePatchOf(before: Patch, after: Patch): Patch {
  const removed = Object.keys(before).filter((key) => !Object.hasOwn(after, key));
  const changed = Object.entries(after).flatMap(([key, value]): Array<[string, unknown]> => {
    const old = Object.hasOwn(before, key) ? before[key] : undefined;
    if (isDeepStrictEqual(old, value)) return [];
    return [[key, isObject(old) && isObject(value) ? mergePatchOf(old, value) : value]];
  });
  return Object.fromEntries([...removed.map((key) => [key, null] as const), ...changed]);
}

export function isObject(value: unknown): value is Patch {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
