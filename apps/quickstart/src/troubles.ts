import type { SampleCall, SampleEvent } from './sample-calls.js';

/**
 * What goes wrong, on purpose.
 * `busy`: Re:amaze answers 500 twice before it accepts.
 * `refused`: it answers 422 once, so the event becomes a dead letter; replayed, it is accepted.
 * `reset`: it accepts, but the connection breaks before its answer, so the event is sent a second time.
 */
type Trouble = 'busy' | 'refused' | 'reset';

export type Troubles = ReadonlyMap<string, Trouble>;

/** Every how many calls one has a `busy` event. */
const BUSY_EVERY = 4;

/** The troubles by event id: exactly one `refused`, exactly one `reset`, some `busy`, whatever the number of calls. */
export function planTroubles(calls: readonly SampleCall[]): Troubles {
  const busy = calls.filter((_, index) => index % BUSY_EVERY === 0).map((call) => call.events[1]);
  const refused = calls[Math.min(1, calls.length - 1)]?.events.at(-1);
  const reset = calls[Math.min(2, calls.length - 1)]?.events[0];
  return new Map([
    ...busy.map((event) => entry(event, 'busy')),
    entry(refused, 'refused'),
    entry(reset, 'reset'),
  ]);
}

/** The rules for the simulator (apps/simulator/README.md) that bring the troubles about. */
export function simulatorRules(troubles: Troubles): object[] {
  return [...troubles].map(([id, trouble]) => ({ name: trouble, match: { id }, ...RULES[trouble] }));
}

const RULES = {
  busy: { times: 2, action: { kind: 'status', status: 500, body: '{"error":"temporarily out of order"}' } },
  refused: {
    times: 1,
    action: { kind: 'status', status: 422, body: '{"error":"the attachment cannot be fetched"}' },
  },
  reset: { times: 1, action: { kind: 'reset_after' } },
} as const satisfies Record<Trouble, object>;

function entry<T extends Trouble>(sample: SampleEvent | undefined, trouble: T): [string, T] {
  if (sample === undefined) throw new RangeError('there is no call, or a call has only one event');
  return [sample.event.id, trouble];
}
