import type { AttemptRecord } from '@callpost/domain';
import { maskPhone } from '@callpost/domain';
import type { DeadLetter } from '@callpost/queue';
import { type LetterView, letterView } from './letter-view.js';
import { maskedEvent } from './shown-event.js';

/** A dead letter with all its evidence, as JSON. */
export interface LetterDocument extends LetterView {
  /** What letters of this cause have in common of what came back. */
  readonly template: string;
  /** `thread:…`, or `phone:…` with the number masked. */
  readonly call: string | null;
  readonly history: readonly AttemptRecord[];
  readonly event: unknown;
  /** As the producer gave it, when it was edited since; else null. */
  readonly original: unknown;
  readonly editedAtMs: readonly number[];
}

/** @param reveal the event as it is, which is personal data; everything else is masked all the same */
export function letterDocument(letter: DeadLetter, reveal: boolean): LetterDocument {
  const shown = (event: unknown) => (reveal ? event : maskedEvent({ event }));
  return {
    ...letterView(letter),
    template: letter.cause.template,
    call: callText(letter),
    history: letter.attempts,
    event: shown(letter.event),
    original: letter.original === null ? null : shown(letter.original),
    editedAtMs: letter.editedAtMs,
  };
}

const PHONE = 'phone:';

export function callText({ call }: Pick<DeadLetter, 'call'>): string | null {
  return call?.startsWith(PHONE) ? `${PHONE}${maskPhone(call.slice(PHONE.length))}` : call;
}
