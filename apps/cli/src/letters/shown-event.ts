import { customerPhone, kindOf, maskEvent, maskPhone, parseCallEvent } from '@callpost/domain';
import type { DeadLetter } from '@callpost/queue';

/** The event of a letter as it may be shown; of one that does not fit the schema, only which fields it has. */
export function maskedEvent({ event }: Pick<DeadLetter, 'event'>): unknown {
  const parsed = parseCallEvent(event, { withheldCallers: 'pass' });
  return parsed.ok ? maskEvent(parsed.event) : kindsOf(event);
}

/** Masked; null when the event does not fit the schema. */
export function maskedCustomerPhone({ event }: DeadLetter): string | null {
  const parsed = parseCallEvent(event, { withheldCallers: 'pass' });
  return parsed.ok ? maskPhone(customerPhone(parsed.event)) : null;
}

/** Deeper levels are counted, not shown: a program that writes such events may nest them as it likes. */
const DEEPEST = 3;

function kindsOf(value: unknown, depth = 0): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value) || depth === DEEPEST) {
    return kindOf(value);
  }
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, kindsOf(inner, depth + 1)]));
}
