import { sampleEvent } from '@callpost/testkit';

/**
 * How the events of a bench belong to calls. By default as on a busy day: a thousand calls at a time, five events each,
 * so that of a backlog four fifths wait for an earlier event of their call.
 */
const USUAL_CALLS = { callsAtATime: 1_000, eventsPerCall: 5 };

/**
 * Events number `start` up to, not including, `end`: about 400 bytes each, numbered at the end of their id, which is how
 * the sink knows them apart.
 */
export function benchEvents(start, end, { callsAtATime, eventsPerCall } = USUAL_CALLS) {
  return Array.from({ length: end - start }, (_, index) => {
    const number = start + index;
    const batch = Math.floor(number / (callsAtATime * eventsPerCall));
    const call = batch * callsAtATime + (number % callsAtATime);
    return sampleEvent({
      id: `call-${call}-event-${number}`,
      thread_id: `call-${call}`,
      body: 'Call ended - duration: 0:30:05, answered by the third agent of queue "Billing, English"',
      attachments: [`https://recordings.example.com/2026/calls/${call}.mp3`],
    });
  });
}
