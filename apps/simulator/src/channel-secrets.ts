import type { KeyObject } from 'node:crypto';
import { isE164 } from '@callpost/domain';
import { signingKey } from '@callpost/signature';
import { z } from 'zod';
import { asObject } from './json.js';

const SECRET_ALLOWED = 'the shared secret of the channel, not blank';
const SECRETS_ALLOWED =
  'a JSON object: channel phone in E.164, such as +16501234567 -> its shared secret, not blank';

export const secretSchema = z.string(SECRET_ALLOWED).refine(isNotBlank, SECRET_ALLOWED);

/**
 * Checked as one value: an issue with a path would name the key, and where key and secret were swapped by mistake the
 * key is the secret.
 */
export const secretsByPhoneSchema = z.custom<Readonly<Record<string, string>>>((value) => {
  const object = asObject(value);
  return (
    object !== null &&
    Object.entries(object).every(
      ([phone, secret]) => isE164(phone) && typeof secret === 'string' && isNotBlank(secret),
    )
  );
}, SECRETS_ALLOWED);

export interface SecretChanges {
  /** For every channel phone without a secret of its own. */
  readonly secret?: string | undefined;
  readonly secrets?: Readonly<Record<string, string>> | undefined;
}

/** Which shared secret a channel's requests are signed with. */
export class ChannelSecrets {
  #fallback: KeyObject;
  readonly #byPhone = new Map<string, KeyObject>();

  constructor({ secret, secrets }: SecretChanges & { readonly secret: string }) {
    this.#fallback = signingKey(secret);
    this.rotate({ secrets });
  }

  /** @param channelPhone null when the request does not say */
  keyOf(channelPhone: string | null): KeyObject {
    return (channelPhone === null ? undefined : this.#byPhone.get(channelPhone)) ?? this.#fallback;
  }

  /** What is not named stays as it is. */
  rotate({ secret, secrets }: SecretChanges): void {
    if (secret !== undefined) this.#fallback = signingKey(secret);
    for (const [phone, own] of Object.entries(secrets ?? {})) this.#byPhone.set(phone, signingKey(own));
  }
}

function isNotBlank(text: string): boolean {
  return text.trim() !== '';
}
