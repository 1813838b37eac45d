/** E.164: a plus, a country code that does not begin with 0, at most 15 digits. Source: ITU-T E.164. */
const E164 = /^\+[1-9]\d{6,14}$/;

/**
 * What phone systems say when a caller hides the number: SIP's words, and the E.164-shaped placeholders that
 * Twilio sends (the words typed on a telephone's keys: +266696687 is "anonymous").
 */
const WITHHELD = new Set([
  'anonymous',
  'blocked',
  'private',
  'restricted',
  'unavailable',
  'unknown',
  'withheld',
  '+266696687',
  '+2562533',
  '+7378742833',
  '+86282452253',
  '+8656696',
]);

export function isE164(phone: string): boolean {
  return E164.test(phone);
}

export function isWithheld(phone: string): boolean {
  return WITHHELD.has(phone.trim().toLowerCase());
}

/**
 * `+15105559999` as it may be shown: `+1510•••9999`. A text too short to hide anything becomes `•••`; of one that is longer
 * than a number no more is shown, since the number may be at its beginning.
 */
export function maskPhone(phone: string): string {
  return phone.length < 10 ? '•••' : `${phone.slice(0, Math.min(5, phone.length - 7))}•••${phone.slice(-4)}`;
}
