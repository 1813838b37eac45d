import { describe, expect, it } from 'vitest';
import { sign, signingKey, verify } from './index.js';

/*
 * Signatures computed by OpenSSL, not by us:
 *   printf '%s' "$body" | openssl dgst -sha256 -hmac "$secret" -binary | base64
 * The first is the body and secret of the PHP and Ruby samples of Re:amaze's document.
 */
const VECTORS = [
  [
    'the document’s own sample',
    '{"id":"1","body":"hello"}',
    'your_shared_secret',
    'FgdUISIrhWKi9IhRN80V37obl/NYrpXeaZvV95dmgeU=',
  ],
  [
    'another secret',
    '{"id":"1","body":"hello"}',
    'my_shared_secret',
    '+0xS0HtvHEmxut6V7NCByDGQ32RejFuHN4VtORPkvWo=',
  ],
  [
    'emoji, U+2028 and NUL, and a secret beyond ASCII',
    '{"body":"📞 \u2028 \0"}',
    'clé secrète',
    'gYtJwtsoJcl4YEI270szz1m2o3Q7lsJCZsew8+++QEA=',
  ],
] as const;

describe.each(VECTORS)('%s', (_, text, secret, signature) => {
  const body = Buffer.from(text);
  const key = signingKey(secret);

  it('is signed as OpenSSL does', () => expect(sign(body, key)).toBe(signature));
  it('has 44 characters', () => expect(sign(body, key)).toHaveLength(44));
  it('verifies', () => expect(verify(body, signature, key)).toBe(true));
  it('does not verify with a byte changed', () => {
    const changed = Buffer.from(body);
    changed[0] = 0x20;
    expect(verify(changed, signature, key)).toBe(false);
  });
});

const key = signingKey('your_shared_secret');
const body = Buffer.from('{"id":"1","body":"hello"}');

it.each([undefined, null, '', 'x', `${sign(body, key)} `, sign(body, key).toLowerCase(), 'é'.repeat(44)])(
  'refuses %j as a signature',
  (signature) => expect(verify(body, signature, key)).toBe(false),
);

it('takes white space off a secret: a newline at the end of a file is not part of it', () => {
  expect(sign(body, signingKey(' your_shared_secret\n'))).toBe(sign(body, key));
});

it('refuses a secret of nothing', () => {
  expect(() => signingKey(' \n')).toThrow(
    'secret: found empty text; allowed: the shared secret of the channel',
  );
});

it('does not show the secret when inspected', () => {
  expect(JSON.stringify(key)).not.toContain('your_shared_secret');
});
