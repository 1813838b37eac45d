import type { CallEvent } from './call-event.js';

/** What is allowed but will probably surprise: the event is sent, and its log line carries these codes. */
export const EVENT_WARNINGS = {
  thread_id_missing:
    "no thread_id: Re:amaze attributes the event to the customer's most recent call of the past hour, which after a delay may be another call",
  attachment_not_https: 'an attachment is fetched over plain http:',
  attachment_has_credentials: 'an attachment URL carries a user name or password, which Re:amaze would store',
  attachment_expires:
    'an attachment URL shows an expiry: it may have expired by the time Re:amaze fetches it',
} as const;

export type EventWarning = keyof typeof EVENT_WARNINGS;

export function warningsOf(event: CallEvent): EventWarning[] {
  const warnings: EventWarning[] = [];
  if (!event.thread_id) warnings.push('thread_id_missing');
  const urls = event.attachments ?? [];
  if (urls.some((url) => /^http:/i.test(url))) warnings.push('attachment_not_https');
  if (urls.some((url) => /^[a-z]+:\/\/[^/?#]*@/i.test(url))) warnings.push('attachment_has_credentials');
  if (urls.some((url) => EXPIRY_PARAMETER.test(url))) warnings.push('attachment_expires');
  return warnings;
}

/** Signed URLs of S3, GCS, Azure and CloudFront. */
const EXPIRY_PARAMETER = /[?&](X-Amz-Expires|X-Goog-Expires|Expires|se)=/i;
