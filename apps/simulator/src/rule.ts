import { type Fault, faultsOf } from '@callpost/domain';
import { z } from 'zod';
import { actionSchema } from './action.js';

/** setTimeout takes no longer delay. */
const MAX_LATENCY_MS = 2_147_483_647;

const text = z.string('text of at least 1 character').min(1, 'text of at least 1 character');
const COUNT_ALLOWED = 'a whole number, 0 or more';
const count = z.int(COUNT_ALLOWED).min(0, COUNT_ALLOWED).optional();
const LATENCY_ALLOWED = `a whole number of ms from 0 to ${MAX_LATENCY_MS}`;

/** All that are given have to hold. They look at what can be read of the body, be the event valid or not. */
const matchSchema = z.strictObject(
  {
    id: text.optional(),
    idPrefix: text.optional(),
    thread: text.optional(),
    bodyContains: text.optional(),
  },
  'an object with no other fields than id, idPrefix, thread, bodyContains',
);

const ruleSchema = z.strictObject(
  {
    name: text,
    match: matchSchema.optional(),
    times: count,
    timesPerId: count,
    latencyMs: z.int(LATENCY_ALLOWED).min(0, LATENCY_ALLOWED).max(MAX_LATENCY_MS, LATENCY_ALLOWED).optional(),
    action: actionSchema,
  },
  'an object with no other fields than name, match, times, timesPerId, latencyMs, action',
);

const rulesSchema = z.strictObject(
  { rules: z.array(ruleSchema, 'a list of rules') },
  'an object with nothing but rules',
);

export type Rule = z.infer<typeof ruleSchema>;
export type Match = z.infer<typeof matchSchema>;

export type ParsedRules =
  | { readonly ok: true; readonly rules: readonly Rule[] }
  | { readonly ok: false; readonly faults: readonly Fault[] };

/** @param input `{ rules: [...] }` */
export function parseRules(input: unknown): ParsedRules {
  const parsed = rulesSchema.safeParse(input);
  return parsed.success
    ? { ok: true, rules: parsed.data.rules }
    : { ok: false, faults: faultsOf(parsed.error, input, 'body') };
}
