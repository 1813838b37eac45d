import type { CallEvent } from './call-event.js';
import { maskPhone } from './phone.js';

const HIDDEN = '•••';
const EMAIL = /[\w.+%-]+@[\w-]+(\.[\w-]+)+/g;
const PHONE = /\+?\d[\d\s().-]{6,18}\d/g;
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
  return maskText(longestFirst.reduce((masked, value) => hide(masked, value), text));
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

function hide(text: string, value: string): string {
  const escaped = JSON.stringify(value).slice(1, -1);
  const withoutValue = text.replaceAll(value, HIDDEN);
  return escaped === value ? withoutValue : withoutValue.replaceAll(escaped, HIDDEN);
}

/** Digits that only look like a phone number (a time, an amount) are hidden too: better one number less. */
function maskPhoneLike(match: string): string {
  return ISO_DATE.test(match) ? match : maskPhone(match.replace(/[^\d+]/g, ''));
}

const ISO_DATE = /^\d{4}-\d{2}-\d{2}/;
