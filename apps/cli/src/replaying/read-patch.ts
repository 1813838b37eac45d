import type { Context } from '../context.js';
import { UsageError } from '../errors.js';
import { isObject, type Patch } from './merge-patch-of.js';

/**
 * A JSON Merge Patch out of a file.
 *
 * @throws UsageError
 */
export function readPatch(path: string, { readFile }: Context): Patch {
  const text = readFile(path);
  const patch = text === null ? undefined : jsonOf(text);
  const fault = (found: string, allowed: string) => new UsageError({ field: '--patch', found, allowed });
  if (text === null) throw fault('no file that can be read', ALLOWED);
  if (!isObject(patch)) throw fault('a file that is no JSON object', ALLOWED);
  if (Object.keys(patch).length === 0) throw fault('a patch that changes nothing', ALLOWED);
  if (Object.hasOwn(patch, 'id')) throw fault('a change of id', 'no change: an event keeps its id');
  return patch;
}

const ALLOWED = 'a file with a JSON Merge Patch, such as {"assignee":{"email":"kim@example.com"}}';

export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
