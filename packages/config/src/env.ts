import { type Fault, kindOf } from '@callpost/domain';
import { type ZodType, z } from 'zod';

export type Env = Readonly<Record<string, string | undefined>>;

export type Read<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly faults: readonly Fault[] };

/** One schema a variable. Its messages say what is allowed. */
export type EnvShape = Readonly<Record<string, ZodType>>;

/** Whatever may carry a password is reported by its kind, never by its value. */
const SECRET_NAME = /SECRET|PASSWORD|TOKEN|REDIS_URL/;

/** All variables of a shape, or every fault at once. A variable set to empty text counts as not set. */
export function readEnv<S extends EnvShape>(shape: S, env: Env): Read<z.infer<z.ZodObject<S>>> {
  const given = Object.fromEntries(Object.keys(shape).map((name) => [name, env[name]?.trim() || undefined]));
  const parsed = z.object(shape).safeParse(given);
  if (parsed.success) return { ok: true, value: parsed.data };
  return {
    ok: false,
    faults: parsed.error.issues.map((issue) => envFault(String(issue.path[0]), given, issue.message)),
  };
}

function envFault(name: string, given: Env, allowed: string): Fault {
  const value = given[name];
  const isShown = value !== undefined && !SECRET_NAME.test(name);
  return { field: name, found: isShown ? JSON.stringify(value) : kindOf(value), allowed };
}

/** A whole number within bounds, both inclusive. `unit` is part of what is allowed, as in `of milliseconds`. */
export function wholeNumber(bounds: { min: number; max: number; unit?: string }) {
  const allowed = `a whole number ${bounds.unit ?? ''} from ${bounds.min} to ${bounds.max}`.replace(
    '  ',
    ' ',
  );
  return z
    .string(allowed)
    .refine((text) => /^\d+$/.test(text) && Number(text) >= bounds.min && Number(text) <= bounds.max, allowed)
    .transform(Number);
}

export function oneOf<const T extends string>(values: readonly T[]) {
  return z.enum(values, values.join(', '));
}

/** Several status codes, `408,425,429`; `none` for an empty list, since an empty variable counts as not set. */
export const statusList = z
  .string()
  .refine(
    (text) => text === 'none' || text.split(',').every((part) => /^4\d\d$/.test(part.trim())),
    '4xx status codes with commas between, such as 408,425,429, or none',
  )
  .transform((text) => new Set(text === 'none' ? [] : text.split(',').map(Number)));

/**
 * A text that is checked by somebody else.
 *
 * @param faultOf what is allowed instead of a text; null when nothing is wrong with it
 */
export function checkedText(faultOf: (text: string) => string | null) {
  return z.string().superRefine((text, context) => {
    const allowed = faultOf(text);
    if (allowed !== null) context.addIssue({ code: 'custom', message: allowed });
  });
}
