/**
 * One thing wrong with a value that came from outside: which field, what was found there and what is allowed.
 * `found` names the kind of the value, never the value: faults are logged, and values are personal data or secrets.
 */
export interface Fault {
  readonly field: string;
  readonly found: string;
  readonly allowed: string;
}

/** The kind of a value in words a person understands: `nothing`, `text of 12 characters`, `a list of 3`. */
export function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (value === '') return 'empty text';
  if (typeof value === 'string') return `text of ${plural(value.length, 'character')}`;
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'number') return 'a number';
  return `a ${typeof value}`;
}

export function faultText(fault: Fault): string {
  return `${fault.field}: found ${fault.found}; allowed: ${fault.allowed}`;
}

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
