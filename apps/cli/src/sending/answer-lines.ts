import { type CallEvent, type Fault, parseCallEvent, type WithheldCallers } from '@callpost/domain';
import { EventNotAcknowledgedError, type SendAnswer } from '@callpost/queue';
import type { Line } from './read-lines.js';

/** `valid`: only checked, as `--dry-run` asks. */
type EventAnswer = SendAnswer | { readonly status: 'valid'; readonly eventId: string };

export type LineAnswer = EventAnswer & { readonly line: number };

/** Answers events in their order: `queue.sendMany`, or only a check of them. */
export type Take = (values: readonly unknown[]) => Promise<readonly EventAnswer[]>;

export interface AnsweredLine {
  readonly answer: LineAnswer;
  /** Null when it was refused. */
  readonly event: CallEvent | null;
}

export interface AnsweredLines {
  /** In the order of the lines. */
  readonly answered: readonly AnsweredLine[];
  /** Why the lines after these have no answer; null when all have one. */
  readonly failure: EventNotAcknowledgedError | null;
}

/** Hands the events of some lines over. A line that is not even JSON is refused here. */
export async function answerLines(lines: readonly Line[], take: Take): Promise<AnsweredLines> {
  const parsed = lines.map(parseLine);
  const values = parsed.flatMap((line) => (line.ok ? [line.value] : []));
  const { answers, failure } = await takeAll(values, take);
  const answered: AnsweredLine[] = [];
  let taken = 0;
  for (const line of parsed) {
    if (!line.ok) {
      answered.push({ answer: refusal(line), event: null });
      continue;
    }
    const answer = answers[taken];
    if (answer === undefined) break;
    taken += 1;
    const event = answer.status === 'invalid' ? null : (line.value as CallEvent);
    answered.push({ answer: { line: line.number, ...answer }, event });
  }
  return { answered, failure };
}

/** Checks events by the rules of the queue, without a queue. */
export function checkOnly(withheldCallers: WithheldCallers): Take {
  return async (values) =>
    values.map((value) => {
      const parsed = parseCallEvent(value, { withheldCallers });
      if (parsed.ok) return { status: 'valid', eventId: parsed.event.id };
      return { status: 'invalid', eventId: null, faults: parsed.faults };
    });
}

async function takeAll(values: readonly unknown[], take: Take) {
  if (values.length === 0) return { answers: [], failure: null };
  try {
    return { answers: await take(values), failure: null };
  } catch (error) {
    if (error instanceof EventNotAcknowledgedError) return { answers: error.answers, failure: error };
    throw error;
  }
}

type ParsedLine =
  | { readonly ok: true; readonly number: number; readonly value: unknown }
  | { readonly ok: false; readonly number: number; readonly fault: Fault };

function parseLine(line: Line): ParsedLine {
  if (!line.ok) return line;
  try {
    return { ok: true, number: line.number, value: JSON.parse(line.text) };
  } catch {
    // The parser's own message quotes the text, which is personal data.
    return { ok: false, number: line.number, fault: NOT_JSON };
  }
}

const NOT_JSON: Fault = {
  field: 'event',
  found: 'text that is not JSON',
  allowed: 'one call event as a JSON object, on one line',
};

function refusal({ number, fault }: { number: number; fault: Fault }): LineAnswer {
  return { line: number, status: 'invalid', eventId: null, faults: [fault] };
}
