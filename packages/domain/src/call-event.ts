import { z } from 'zod';
import type { Fault } from './fault.js';
import { isE164, isWithheld } from './phone.js';
import { formatTimestamp, isTimestamp } from './timestamp.js';
import { faultsOf } from './zod-faults.js';

/**
 * What to do with an event whose customer withheld the number. Re:amaze tells customers apart by phone number, so
 * `anonymous` passed on would merge every withheld caller into one customer whose past calls any agent then sees.
 * `refuse` makes such an event invalid; `pass` sends it as it is, for those who accept the merging.
 */
export type WithheldCallers = 'refuse' | 'pass';

export const MAX_ID_LENGTH = 255;

const text = 'text';
const optionalText = z.string(text).nullish();

const party = (role: string) =>
  z.looseObject(
    { name: optionalText, phone: z.string(`${role} phone number in E.164, such as +15105559999`) },
    'an object with a phone',
  );

const attachmentUrl = z
  .string('an https: or http: URL')
  .refine((url) => /^https?:\/\/[^/\s]+/i.test(url) && URL_CHARACTERS.test(url), 'an https: or http: URL');
const URL_CHARACTERS = /^[\x21-\x7e]+$/;

/**
 * The JSON of Re:amaze's document "Custom Voice Channels". Unknown fields are kept and passed on, since Re:amaze may
 * grow; known ones are checked. Optional fields may be null: many producers write null for "none".
 */
const callEventSchema = z.looseObject(
  {
    id: z
      .string(`text of 1 to ${MAX_ID_LENGTH} characters, one per event`)
      .min(1, `text of 1 to ${MAX_ID_LENGTH} characters, one per event`)
      .max(MAX_ID_LENGTH, `text of 1 to ${MAX_ID_LENGTH} characters, one per event`),
    direction: z.enum(['inbound', 'outbound'], 'inbound (the default) or outbound').nullish(),
    to: party("the called side's"),
    from: party("the calling side's"),
    body: z.string('text of at least 1 character').min(1, 'text of at least 1 character'),
    created_at: z
      .string('ISO 8601 with a zone, such as 2019-08-06T23:21:15+0000')
      .refine(isTimestamp, 'ISO 8601 of a moment that exists, with a zone, such as 2019-08-06T23:21:15+0000')
      .nullish(),
    attachments: z.array(attachmentUrl, 'a list of URLs').nullish(),
    thread_id: optionalText,
    assignee: z
      .looseObject({ email: z.email("a staff member's e-mail address") }, 'an object with an email')
      .nullish(),
  },
  'an object: the call event in the JSON of Re:amaze',
);

export type CallEvent = z.infer<typeof callEventSchema>;

export type ParsedCallEvent =
  | { readonly ok: true; readonly event: CallEvent }
  | { readonly ok: false; readonly faults: readonly Fault[] };

export interface CallEventRules {
  /** Default `refuse`. */
  readonly withheldCallers?: WithheldCallers;
}

/** Checks a value against Re:amaze's document. The event returned is the very value given, not a copy. */
export function parseCallEvent(input: unknown, rules: CallEventRules = {}): ParsedCallEvent {
  const parsed = callEventSchema.safeParse(input);
  if (!parsed.success) return { ok: false, faults: faultsOf(parsed.error, input, 'event') };
  const event = input as CallEvent;
  const faults = phoneFaults(event, rules.withheldCallers ?? 'refuse');
  return faults.length > 0 ? { ok: false, faults } : { ok: true, event };
}

export function isOutbound(event: CallEvent): boolean {
  return event.direction === 'outbound';
}

/** Inbound: who called. Outbound: who was called. */
export function customerPhone(event: CallEvent): string {
  return isOutbound(event) ? event.to.phone : event.from.phone;
}

/**
 * The call an event belongs to, which is also its lane: `thread_id`, or without one the customer's phone, as Re:amaze
 * itself groups.
 */
export function callKey(event: CallEvent): string {
  return event.thread_id ? `thread:${event.thread_id}` : `phone:${customerPhone(event)}`;
}

/**
 * The event with `created_at`. An event waits in a queue, and Re:amaze shows an event without `created_at` at the time
 * of its delivery; so one that has none gets the moment it was enqueued.
 */
export function stampCreatedAt(event: CallEvent, enqueuedAtMs: number): CallEvent {
  return event.created_at ? event : { ...event, created_at: formatTimestamp(enqueuedAtMs) };
}

function phoneFaults(event: CallEvent, withheldCallers: WithheldCallers): Fault[] {
  const customer = isOutbound(event) ? 'to' : 'from';
  return (['to', 'from'] as const).flatMap((side) => {
    const { phone } = event[side];
    if (side === customer && isWithheld(phone)) {
      return withheldCallers === 'pass' ? [] : [WITHHELD_FAULT(`${side}.phone`)];
    }
    return isE164(phone) ? [] : [notE164(`${side}.phone`, phone)];
  });
}

const WITHHELD_FAULT = (field: string): Fault => ({
  field,
  found: 'a withheld number',
  allowed:
    "the customer's number in E.164 (Re:amaze would merge all withheld callers into one customer; " +
    'WITHHELD_CALLERS=pass or withheldCallers: "pass" sends such events all the same)',
});

const notE164 = (field: string, phone: string): Fault => ({
  field,
  found: phone === '' ? 'empty text' : 'text that is not E.164',
  allowed: 'a phone number in E.164, such as +15105559999',
});
