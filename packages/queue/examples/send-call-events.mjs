import { createCallEventQueue, EventNotAcknowledgedError } from '@callpost/queue';

const queue = createCallEventQueue({ redis: process.env.REDIS_URL });

const started = {
  id: 'call-1234-started', // one per event, the same whenever you send it again
  thread_id: 'call-1234', // one per call
  from: { name: 'Jane Roe', phone: '+15105550199' },
  to: { name: 'Support', phone: '+16505550100' },
  body: 'Call started - inbound - queue Billing',
};
const ended = { ...started, id: 'call-1234-ended', body: 'Call ended - duration: 0:30:05' };

try {
  const answers = await queue.sendMany([started, ended, started, { ...ended, id: 'call-1234-x', to: {} }]);
  for (const answer of answers) {
    switch (answer.status) {
      case 'accepted': // in Redis: from now on it is not lost
        console.log(`${answer.eventId}: accepted`);
        break;
      case 'duplicate': // sent before; nothing was changed
        console.log(`${answer.eventId}: duplicate of one that is ${answer.first}`);
        break;
      case 'invalid': // never enqueued: this event has to be corrected
        for (const { field, found, allowed } of answer.faults) {
          console.log(`${answer.eventId}: ${field}: found ${found}; allowed: ${allowed}`);
        }
    }
  }
} catch (error) {
  if (!(error instanceof EventNotAcknowledgedError)) throw error;
  // Redis is away. Keep the events and send them again: their ids de-duplicate.
  console.error(error.message);
  process.exitCode = 1;
} finally {
  await queue.close();
}
