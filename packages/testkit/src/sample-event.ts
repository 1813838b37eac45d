import type { CallEvent } from '@callpost/domain';

/** A valid call event; numbers are of the ranges reserved for fiction. */
export function sampleEvent(overrides: Partial<CallEvent> & { id: string }): CallEvent {
  return {
    direction: 'inbound',
    to: { name: 'Support', phone: '+16505550100' },
    from: { name: 'Jane Roe', phone: '+15105550199' },
    body: 'Call ended - duration: 0:30:05',
    created_at: '2019-08-06T23:21:15+0000',
    thread_id: `call-of-${overrides.id}`,
    ...overrides,
  };
}

/** `count` valid events with the ids `<prefix>-0` and up, five to a call. */
export function sampleEvents(count: number, prefix = 'event'): CallEvent[] {
  return Array.from({ length: count }, (_, index) =>
    sampleEvent({ id: `${prefix}-${index}`, thread_id: `${prefix}-call-${Math.floor(index / 5)}` }),
  );
}
