import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';

/** The header of a signed request; HTTP compares header names without regard to case. */
export const SIGNATURE_HEADER = 'X-Reamaze-Hmac-SHA256';

/**
 * A channel's shared secret, ready to sign with. It keeps the secret where neither a log nor an inspection shows it.
 *
 * @param secret as Re:amaze shows it. White space around it is removed: a newline at the end of a secret file would
 * otherwise change every signature.
 * @throws RangeError when nothing is left
 */
export function signingKey(secret: string): KeyObject {
  const trimmed = secret.trim();
  if (trimmed === '')
    throw new RangeError('secret: found empty text; allowed: the shared secret of the channel');
  return createSecretKey(Buffer.from(trimmed, 'utf8'));
}

/**
 * The header's value for a body: HMAC-SHA256 of exactly these bytes, in base64 (44 characters). Sign the very Buffer
 * that is sent; a text serialised a second time may differ.
 */
export function sign(body: Uint8Array, key: KeyObject): string {
  return createHmac('sha256', key).update(body).digest('base64');
}

/**
 * Whether a header's value is the signature of these bytes, found in constant time. For receivers: give it the raw body
 * as it came, before any parsing.
 *
 * @param signature the header's value; null or undefined when the request had none
 */
export function verify(body: Uint8Array, signature: string | null | undefined, key: KeyObject): boolean {
  const expected = Buffer.from(sign(body, key), 'latin1');
  const given = Buffer.from(signature ?? '', 'latin1');
  return given.length === expected.length && timingSafeEqual(given, expected);
}
