import type { ZodError } from 'zod';
import { type Fault, kindOf } from './fault.js';

/**
 * zod's issues as faults. Every schema of Callpost carries its `allowed` text as zod's custom message, so the
 * message of an issue is what is allowed there.
 *
 * @param root name of the value as a whole, for an issue that has no path (`event`, `channels file`)
 */
export function faultsOf(error: ZodError, input: unknown, root: string): Fault[] {
  return error.issues.map((issue) => ({
    field: issue.path.length === 0 ? root : pathText(issue.path),
    found: kindOf(valueAt(input, issue.path)),
    allowed: issue.message,
  }));
}

function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((step, index) =>
      typeof step === 'number' ? `[${step}]` : `${index === 0 ? '' : '.'}${String(step)}`,
    )
    .join('');
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input;
  for (const step of path) {
    if (value === null || typeof value !== 'object') return undefined;
    value = (value as Record<PropertyKey, unknown>)[step];
  }
  return value;
}
