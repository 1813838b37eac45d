import type { CallEvent } from './call-event.js';
import { maskPhone } from './phone.js';

const HIDDEN = '•••';
const EMAIL = /[\w.+%-]{1,64}@[\w-]+(\.[\w-]+)+/g;
const PHONE = /\+?\d[\d\s().-]{6,}\d/g;
const URL_IN_TEXT = /\bhttps?:\/\/[^\s"'<>\\]+/gi;

/** A text from outside without what looks like an e-mail address, a phone number or a URL. */
export function maskText(text: string): string {
  return text.replace(URL_IN_TEXT, maskUrl).replace(EMAIL, HIDDEN).replace(PHONE, maskPhoneLike);
}

/**
 * A response excerpt without personal data. A response may echo the event it refuses, so what is known to be personal
 * in that event is hidden word for word; its phone numbers are left to the general pattern, which keeps their ends.
 */
export function maskEcho(text: string, event: CallEvent): string {
  const personal = [
    event.body,
    event.to.name,
    event.from.name,
    event.assignee?.email,
    ...(event.attachments ?? []),
  ].filter((value): value is string => typeof value === 'string' && value.trim().length > 1);
  const longestFirst = personal.sort((a, b) => b.length - a.length);
  return maskText(longestFirst.reduce(hide, decodeEscapes(text)));
}

/** Host and file extension are what an SRE needs of a URL; its path and query may let anybody listen to the call. */
export function maskUrl(url: string): string {
  const parts = /^(https?:\/\/)(?:[^/?#]*@)?([^/?#]*)([^?#]*)/i.exec(url);
  if (parts === null) return HIDDEN;
  const [, scheme = '', host = '', path = ''] = parts;
  const extension = /\.\w{1,5}$/.exec(path)?.[0] ?? '';
  return path.length > 1 ? `${scheme}${host}/${HIDDEN}${extension}` : `${scheme}${host}`;
}

/** The event as it may be shown: the shape and ids of the original, no name, number, body, e-mail or link. */
export function maskEvent(event: CallEvent): Record<string, unknown> {
  const side = (party: CallEvent['to']) => ({
    ...(party.name ? { name: HIDDEN } : {}),
    phone: maskPhone(party.phone),
  });
  return {
    id: event.id,
    ...(event.direction ? { direction: event.direction } : {}),
    to: side(event.to),
    from: side(event.from),
    body: `${HIDDEN} (${event.body.length} characters)`,
    ...(event.created_at ? { created_at: event.created_at } : {}),
    ...(event.attachments ? { attachments: event.attachments.map(maskUrl) } : {}),
    ...(event.thread_id ? { thread_id: event.thread_id } : {}),
    ...(event.assignee ? { assignee: { email: HIDDEN } } : {}),
  };
}

/** A value is also hidden when it is cut off after a while, as errors do that quote a long text. */
const QUOTED_AT_LEAST = 12;

function hide(text: string, value: string): string {
  const whole = text.replaceAll(value, HIDDEN);
  const beginning = value.slice(0, QUOTED_AT_LEAST);
  if (value.length <= QUOTED_AT_LEAST) return whole;
  return whole
    .split(beginning)
    .map((part, index) =>
      index === 0 ? part : HIDDEN + part.slice(commonLength(part, value.slice(QUOTED_AT_LEAST))),
    )
    .join('');
}

function commonLength(one: string, other: string): number {
  let length = 0;
  while (length < one.length && one[length] === other[length]) length += 1;
  return length;
}

/** The same text in the ways in which servers write it: JSON of several makers, and HTML. */
function decodeEscapes(text: string): string {
  return text
    .replace(/\\u([0-9a-f]{4})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replace(/\\(["/\\])/g, '$1')
    .replace(/\\n/g, '\n')
    .replace(/\\r/g, '\r')
    .replace(/\\t/g, '\t')
    .replace(
      /&(amp|lt|gt|quot|#39|#x27);/gi,
      (entity, name: string) => HTML_ENTITIES[name.toLowerCase()] ?? entity,
    );
}

const HTML_ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  '#39': "'",
  '#x27': "'",
};

/**
 * Digits that only look like a phone number (a time, an amount) are hidden too: better one number less. Not an address with
 * its port, since an error that does not say which server it is about is of no use.
 */
function maskPhoneLike(match: string, offset: number, text: string): string {
  const isAddress =
    IP_ADDRESS.test(match) && PORT.test(text.slice(offset + match.length, offset + match.length + 3));
  return isAddress || ISO_DATE.test(match) ? match : maskPhone(match.replace(/[^\d+]/g, ''));
}

const ISO_DATE = /^\d{4}-\d{2}-\d{2}/;
const IP_ADDRESS = /^\d{1,3}(\.\d{1,3}){3}$/;
const PORT = /^:\d{2}/;
