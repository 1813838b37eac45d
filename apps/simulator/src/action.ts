import { z } from 'zod';

/** What a rule does to a request. Times are ms except where HTTP itself counts in seconds. */
export type Action = z.infer<typeof actionSchema>;
/** Everything but answering as Re:amaze does. */
export type Misbehaviour = Exclude<Action, { kind: 'accept' }>;

const DAY_SECONDS = 86_400;
const HEADER_NAME = /^[!#$%&'*+.^_`|~\w-]+$/;
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

const wholeNumber = (min: number, max: number) => {
  const allowed = `a whole number from ${min} to ${max}`;
  return z.int(allowed).min(min, allowed).max(max, allowed);
};

const BODY_STATUS_ALLOWED = 'a status whose answer has a body: 200 to 599, except 204 and 304';
const statusWithBody = z
  .int(BODY_STATUS_ALLOWED)
  .refine(
    (status) => status >= 200 && status <= 599 && status !== 204 && status !== 304,
    BODY_STATUS_ALLOWED,
  );

const HEADERS_ALLOWED = 'an object: header name -> text that HTTP allows in a header';
const headers = z.record(
  z.string().regex(HEADER_NAME),
  z.string(HEADERS_ALLOWED).regex(HEADER_VALUE, HEADERS_ALLOWED),
  HEADERS_ALLOWED,
);

/** No unknown fields: a misspelt one would otherwise make a rule that quietly does something else. */
function action<Kind extends string, Shape extends z.ZodRawShape>(kind: Kind, shape: Shape) {
  const fields = ['kind', ...Object.keys(shape)].join(', ');
  return z.strictObject({ kind: z.literal(kind), ...shape }, `an object with no other fields than ${fields}`);
}

const retryAfterSchema = z.discriminatedUnion(
  'form',
  [
    z.strictObject(
      { form: z.literal('seconds'), seconds: wholeNumber(0, DAY_SECONDS) },
      'an object with form and seconds',
    ),
    z.strictObject(
      { form: z.literal('date'), seconds: wholeNumber(-DAY_SECONDS, DAY_SECONDS) },
      'an object with form and seconds',
    ),
  ],
  'form seconds or date (that many seconds from now)',
);

const ACTION_SCHEMAS = [
  action('accept', {}),
  action('status', {
    status: wholeNumber(100, 599),
    body: z.string('text').optional(),
    headers: headers.optional(),
  }),
  action('rate_limit', { retryAfter: retryAfterSchema.optional() }),
  action('hang', {}),
  action('hang_body', {}),
  action('reset_before', {}),
  action('reset_after', {}),
  action('wrong_secret', {}),
  action('huge', { bytes: wholeNumber(0, Number.MAX_SAFE_INTEGER), status: statusWithBody.optional() }),
  action('truncated', { status: statusWithBody.optional() }),
  action('garbage', {}),
  action('redirect', {
    status: z.literal([301, 302, 303, 307, 308], '301, 302, 303, 307 or 308'),
    location: z.string('a URL').regex(HEADER_VALUE, 'a URL'),
  }),
] as const;

const ACTION_KINDS = ACTION_SCHEMAS.map((schema) => schema.shape.kind.value);

export const actionSchema = z.discriminatedUnion(
  'kind',
  ACTION_SCHEMAS,
  `an action of kind ${ACTION_KINDS.join(', ')}`,
);

/** The status line that is sent; null when none is. */
export function statusOf(misbehaviour: Misbehaviour): number | null {
  switch (misbehaviour.kind) {
    case 'status':
    case 'redirect':
      return misbehaviour.status;
    case 'huge':
    case 'truncated':
      return misbehaviour.status ?? 200;
    case 'hang_body':
      return 200;
    case 'rate_limit':
      return 429;
    case 'wrong_secret':
      return 401;
    case 'hang':
    case 'reset_before':
    case 'reset_after':
    case 'garbage':
      return null;
  }
}

/**
 * Whether the event counts as received all the same. A 2xx status line does, whatever becomes of the body after it:
 * the sender has read "accepted" by then.
 */
export function acceptsEvent(misbehaviour: Misbehaviour): boolean {
  const status = statusOf(misbehaviour) ?? 0;
  return misbehaviour.kind === 'reset_after' || (status >= 200 && status < 300);
}
