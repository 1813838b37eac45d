import { isDeepStrictEqual } from 'node:util';
import { kindOf } from '@callpost/domain';
import { maskedEvent } from '../letters/shown-event.js';
import type { Paint } from '../output/paint.js';
import { visible, visibleJson } from '../output/visible.js';
import { isObject } from './merge-patch-of.js';

/** A field that differs, with what stands there before and after, in words. Null: no such field. */
export interface FieldChange {
  /** `assignee.email`. */
  readonly field: string;
  readonly before: string | null;
  readonly after: string | null;
}

/**
 * Which fields of an event differ. Compared is the event itself, shown is its masked form: otherwise a change of what
 * is masked would not be seen.
 */
export function diffEvents(before: unknown, after: unknown, reveal: boolean): FieldChange[] {
  const [old, fresh] = [fieldsOf(before), fieldsOf(after)];
  const textOf = (event: unknown, fields: ReadonlyMap<string, unknown>) => {
    const masked = reveal ? fields : fieldsOf(maskedEvent({ event }));
    return (field: string) => {
      if (!fields.has(field)) return null;
      return visibleJson(masked.has(field) ? masked.get(field) : kindOf(fields.get(field)), 0);
    };
  };
  const [oldText, freshText] = [textOf(before, old), textOf(after, fresh)];
  return [...new Set([...old.keys(), ...fresh.keys()])]
    .filter((field) => !isDeepStrictEqual(old.get(field), fresh.get(field)))
    .map((field) => ({ field, before: oldText(field), after: freshText(field) }));
}

/** `- assignee.email: "old"` above `+ assignee.email: "new"`. */
export function diffText(changes: readonly FieldChange[], paint: Paint): string {
  return changes
    .flatMap(({ field, before, after }) => [
      before === null ? '' : `${paint('red', `- ${visible(field)}: ${before}`)}\n`,
      after === null ? '' : `${paint('green', `+ ${visible(field)}: ${after}`)}\n`,
    ])
    .join('');
}

/** Each field by its path; a list is one field. */
export function fieldsOf(value: unknown, path = ''): Map<string, unknown> {
  if (!isObject(value) || Object.keys(value).length === 0) return new Map([[path, value]]);
  return new Map(
    Object.entries(value).flatMap(([key, inner]) => [
      ...fieldsOf(inner, path === '' ? key : `${path}.${key}`),
    ]),
  );
}
