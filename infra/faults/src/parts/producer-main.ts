import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CallEvent } from '@callpost/domain';
import { createCallEventQueue, type Durability } from '@callpost/queue';
import { type Acknowledged, readLines } from '../ledger/ledger.js';

/*
 * A phone system: sends the events of several calls at a time, within a call one after the other, each again until it is
 * acknowledged, and writes down what was. Killed and started again it goes on where its ledger ends.
 */

const setting = (name: string): string => {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
};
const number = (name: string): number => Number(setting(name));

const file = setting('LEDGER_FILE');
const channels = setting('CHANNELS').split(',');
const queues = channels.map((channel) =>
  createCallEventQueue({
    redis: setting('REDIS_URL'),
    channel,
    durability: setting('DURABILITY') as Durability,
  }),
);
const isAcknowledged = new Set(readLines<Acknowledged>(file).map(({ event }) => event));

await Promise.all(Array.from({ length: number('CALLS') }, (_, call) => sendCall(call)));
for (const queue of queues) await queue.close();
process.stdout.write('{"msg":"all sent"}\n');

async function sendCall(call: number): Promise<void> {
  const paceMs = number('PACE_MS');
  await sleep((paceMs * call) / number('CALLS'));
  for (let n = 0; n < number('EVENTS_PER_CALL'); n += 1) {
    const event = eventOf(call, n);
    if (isAcknowledged.has(event.id)) continue;
    await sendUntilAcknowledged(event, call);
    await sleep(paceMs);
  }
}

async function sendUntilAcknowledged(event: CallEvent, call: number): Promise<void> {
  const queue = queues[call % queues.length];
  for (;;) {
    try {
      const answer = await queue?.send(event);
      if (answer?.status === 'invalid') throw new TypeError(`${event.id} is invalid`);
      const line: Acknowledged = { event: event.id, call: event.thread_id ?? '', atMs: Date.now() };
      appendFileSync(file, `${JSON.stringify(line)}\n`);
      return;
    } catch (error) {
      if (error instanceof TypeError) throw error;
      await sleep(50);
    }
  }
}

/** Every twentieth event is one that Re:amaze refuses. */
function eventOf(call: number, n: number): CallEvent {
  const thread = `${setting('PREFIX')}.${call}`;
  const behaviour = (call + n) % 20 === 7 ? 'status-422' : 'ok';
  return {
    id: `${behaviour}_${thread}.${n}`,
    thread_id: thread,
    direction: 'inbound',
    from: { name: 'Jane Roe', phone: '+15105550199' },
    to: { name: 'Support', phone: '+16505550100' },
    body: `Event ${n} of call ${call}`,
  };
}
