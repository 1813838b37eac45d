import { type CallEvent, parseCallEvent } from '@callpost/domain';
import { verify } from '@callpost/signature';
import type { ChannelSecrets } from './channel-secrets.js';
import { asObject, type ParsedJson, parseJson } from './json.js';
import {
  breaksDocument,
  NOT_AN_OBJECT,
  NOT_JSON,
  type Refusal,
  SIGNATURE_MISSING,
  SIGNATURE_WRONG,
} from './refusal.js';
import type { RuleSubject } from './rule-book.js';

/** A POST to the channel, read but not yet acted on. */
export interface VoiceRequest extends RuleSubject {
  readonly bytes: Buffer;
  /** Null without the header. */
  readonly signature: string | null;
  readonly signatureValid: boolean;
  readonly content:
    | { readonly kind: 'event'; readonly event: CallEvent }
    | { readonly kind: 'refused'; readonly refusal: Refusal };
}

/**
 * The body has to be parsed before its signature is checked, since only the event says which channel, and so which
 * secret, it is for. The signature is then that of the raw bytes. A body without a channel phone is checked with the
 * secret of the channels that have none of their own.
 */
export function readVoiceRequest(
  { bytes, signature }: Pick<VoiceRequest, 'bytes' | 'signature'>,
  secrets: ChannelSecrets,
): VoiceRequest {
  const json = parseJson(bytes);
  const fields = json.ok ? asObject(json.value) : null;
  const signatureValid = verify(bytes, signature, secrets.keyOf(channelPhoneOf(fields)));
  return {
    bytes,
    signature,
    signatureValid,
    id: textOf(fields?.id),
    thread: textOf(fields?.thread_id),
    text: textOf(fields?.body),
    content: signatureValid
      ? contentOf(json)
      : { kind: 'refused', refusal: signature === null ? SIGNATURE_MISSING : SIGNATURE_WRONG },
  };
}

function contentOf(json: ParsedJson): VoiceRequest['content'] {
  if (!json.ok) return { kind: 'refused', refusal: NOT_JSON };
  if (asObject(json.value) === null) return { kind: 'refused', refusal: NOT_AN_OBJECT };
  const parsed = parseCallEvent(json.value, { withheldCallers: 'pass' });
  return parsed.ok
    ? { kind: 'event', event: parsed.event }
    : { kind: 'refused', refusal: breaksDocument(parsed.faults) };
}

/** Inbound: who was called. Outbound: who called. */
function channelPhoneOf(fields: Readonly<Record<string, unknown>> | null): string | null {
  const side = fields?.direction === 'outbound' ? fields.from : fields?.to;
  return textOf(asObject(side)?.phone);
}

/** Null for empty text too: an empty thread_id is none. */
function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
