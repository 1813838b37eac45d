import { acceptsEvent, type Misbehaviour, statusOf } from './action.js';
import type { Received } from './received.js';
import type { Decision } from './request-log.js';
import type { Rule } from './rule.js';
import type { VoiceRequest } from './voice-request.js';

/** What becomes of a request. */
export type Settlement =
  | { readonly kind: 'answer'; readonly decision: Decision & { status: number }; readonly answer: object }
  | { readonly kind: 'misbehave'; readonly decision: Decision; readonly misbehaviour: Misbehaviour };

export interface Circumstances {
  /** The rule that was found for the request, if any. */
  readonly rule: Rule | null;
  /** Where the event is stored when it is accepted. */
  readonly received: Received;
  /** Unix ms. */
  readonly nowMs: number;
}

/**
 * Stores the event unless the request is refused or its rule keeps it out. A rule that lets events in lets in only what
 * Re:amaze would take: everything else is refused as it would be without the rule.
 */
export function settle(request: VoiceRequest, { rule, received, nowMs }: Circumstances): Settlement {
  const misbehaviour = rule === null || rule.action.kind === 'accept' ? null : rule.action;
  if (misbehaviour !== null && !acceptsEvent(misbehaviour)) return misbehaving(misbehaviour);
  if (request.content.kind === 'refused') {
    const { status, answer } = request.content.refusal;
    return { kind: 'answer', decision: { outcome: 'refused', status }, answer };
  }
  const { bytes, signature } = request;
  const acceptance = received.accept({ event: request.content.event, bytes, signature, atMs: nowMs });
  if (misbehaviour !== null) return misbehaving(misbehaviour);
  const outcome = acceptance.duplicate ? 'duplicate' : 'accepted';
  return { kind: 'answer', decision: { outcome, status: 201 }, answer: acceptance };
}

function misbehaving(misbehaviour: Misbehaviour): Settlement {
  const decision: Decision = { outcome: 'misbehaved', status: statusOf(misbehaviour) };
  return { kind: 'misbehave', decision, misbehaviour };
}
