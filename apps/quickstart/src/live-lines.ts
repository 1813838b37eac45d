import { maskPhone, maskText } from '@callpost/domain';
import type { SampleCall, SampleEvent } from './sample-calls.js';
import type { Colour, Paint } from './screen.js';
import type { Attempt, WorkerLine } from './worker-line.js';

/** Writes what happens, one line each. */
export interface LiveLines {
  callStarts(call: SampleCall): string;
  worker(line: WorkerLine): string | null;
}

export interface LiveLinesOptions {
  /** By event id. */
  readonly samples: ReadonlyMap<string, SampleEvent>;
  readonly paint: Paint;
  /** Unix ms. */
  readonly now: () => number;
}

const WHO_WIDTH = 9;
const BODY_WIDTH = 46;
const ANSWER_WIDTH = 6;

const COLOUR = {
  delivered: 'green',
  retry: 'yellow',
  dead: 'red',
  interrupted: 'dim',
} as const satisfies Record<Attempt['outcome'], Colour>;

export function createLiveLines({ samples, paint, now }: LiveLinesOptions): LiveLines {
  const time = () => paint('dim', clockTime(now()));

  function attemptLine(attempt: Attempt): string {
    const sample = samples.get(attempt.eventId);
    const who = sample === undefined ? 'event' : `call ${sample.call}`;
    // An event of an earlier start, or one that somebody sent meanwhile. Its id may be a phone number.
    const body = sample?.event.body ?? maskText(attempt.eventId);
    const answer = String(attempt.status ?? attempt.reason ?? '');
    const what = `${answer.padEnd(ANSWER_WIDTH)}${consequence(attempt)}`;
    return `${time()}  ${who.padEnd(WHO_WIDTH)}${body.padEnd(BODY_WIDTH)}${paint(COLOUR[attempt.outcome], what)}`;
  }

  return {
    callStarts({ number, direction, kind, customerPhone, events }) {
      const side = direction === 'inbound' ? 'from' : 'to';
      const about = `${direction} ${side} ${maskPhone(customerPhone)}, ${kind}: ${events.length} events`;
      return `${time()}  ${`call ${number}`.padEnd(WHO_WIDTH)}${paint('dim', about)}`;
    },
    worker(line) {
      if (line.kind === 'attempt') return attemptLine(line.attempt);
      return line.kind === 'trouble'
        ? `${time()}  ${'worker'.padEnd(WHO_WIDTH)}${paint('yellow', line.text)}`
        : null;
    },
  };
}

function consequence({ outcome, attempt, retryInMs, reason }: Attempt): string {
  const count = `(attempt ${attempt})`;
  switch (outcome) {
    case 'delivered':
      return attempt === 1 ? 'delivered' : `delivered ${count}`;
    case 'retry':
      return `retry in ${((retryInMs ?? 0) / 1_000).toFixed(1)} s ${count}`;
    case 'dead':
      return `dead letter, ${reason ?? 'for an unknown reason'} ${count}`;
    case 'interrupted':
      return 'handed back, to be sent later';
  }
}

/** `12:03:04` in the zone of the person who watches. */
function clockTime(atMs: number): string {
  return new Date(atMs).toTimeString().slice(0, 8);
}
