import { eventually, sampleEvent } from '@callpost/testkit';
import { describe, expect, it } from 'vitest';
import { createCallEventQueue, type Settlement } from '../src/index.js';
import { consume, counts, letters, plain, redis } from './consume-stage.js';
import { DELIVERED, dead, retryNow } from './test-consumer.js';

/** As many as go together. */
const EVENTS = 8;
const idsOf = (count: number) => Array.from({ length: count }, (_, index) => `event-${index}`);

/** How many scripts clients have run since Redis was started. */
async function scriptsRun(): Promise<number> {
  const stats = await redis.client.info('commandstats');
  return Number(/cmdstat_evalsha:calls=(\d+)/.exec(stats)?.[1] ?? 0);
}

describe('events finished in one turn of the event loop', () => {
  /** Taken all, finished by none. */
  async function inFlight(outcome: (eventId: string, attempt: number) => Settlement) {
    const errors: string[] = [];
    let finishAll: () => void = () => undefined;
    const finishing = new Promise<void>((resolve) => {
      finishAll = resolve;
    });
    let taken = 0;
    consume(
      async (event) => {
        taken += 1;
        const { id } = event.data as { id: string };
        if (event.attempt === 1) await finishing;
        return outcome(id, event.attempt);
      },
      { concurrency: EVENTS, observer: { onError: (error) => errors.push(error.message) } },
    );
    for (const id of idsOf(EVENTS)) {
      await plain.add('call-event', sampleEvent({ id }), { jobId: id });
    }
    await eventually(() => taken === EVENTS);
    return { errors, finishAll };
  }

  it('are one command', async () => {
    const { finishAll } = await inFlight(() => DELIVERED);
    const before = await scriptsRun();
    finishAll();
    await eventually(async () => expect(await counts()).toMatchObject({ waiting: 0, in_flight: 0 }));
    // It also asks whether there is more.
    expect((await scriptsRun()) - before).toBeLessThan(EVENTS / 2);
  });

  it('become each what it shall', async () => {
    const { finishAll } = await inFlight((id, attempt) => {
      const taken = { attempt } as Parameters<typeof dead>[0];
      if (id === 'event-3') return dead(taken);
      return id === 'event-5' && attempt === 1 ? retryNow(taken) : DELIVERED;
    });
    finishAll();
    await eventually(async () =>
      expect(await counts()).toEqual({ waiting: 0, in_flight: 0, retrying: 0, parked: 0, dead: 1 }),
    );
    expect((await letters()).map(({ jobId }) => jobId)).toEqual(['event-3']);
  });

  it('do not share what one of them fails of: a lost lock, or a key that is none of BullMQ’s', async () => {
    const { errors, finishAll } = await inFlight(() => DELIVERED);
    await redis.client.del('bull:{voice-default}:event-7:lock');
    await redis.client.set('bull:{voice-default}:event-5:dependencies', 'no set');
    finishAll();
    await eventually(async () =>
      expect(await counts()).toEqual({ waiting: 0, in_flight: 1, retrying: 1, parked: 0, dead: 0 }),
    );
    expect(await redis.client.lrange('bull:{voice-default}:active', 0, -1)).toEqual(['event-7']);
    expect(await redis.client.zrange('bull:{voice-default}:delayed', '0', '-1')).toEqual(['event-5']);
    expect(errors.join()).toContain('Missing lock for job event-7');
  });
});

describe('events sent in one turn of the event loop', () => {
  it('are one command, and each gets its own answer', async () => {
    const queue = createCallEventQueue({ redis: redis.url });
    await queue.send(sampleEvent({ id: 'event-4' }));
    const before = await scriptsRun();
    const events = idsOf(EVENTS).map((id) => (id === 'event-6' ? { id } : sampleEvent({ id })));
    const answers = await Promise.all(events.map((event) => queue.send(event)));
    expect(answers.map(({ eventId }) => eventId)).toEqual(idsOf(EVENTS));
    expect(answers.map(({ status }) => status)).toEqual(
      idsOf(EVENTS).map((id) => ({ 'event-4': 'duplicate', 'event-6': 'invalid' })[id] ?? 'accepted'),
    );
    expect((await scriptsRun()) - before).toBe(1);
    await queue.close();
  });

  it('keep their order, in chunks of any size', async () => {
    const queue = createCallEventQueue({ redis: redis.url, chunkSize: 3 });
    const calls = sampleEvent({ id: 'first' });
    await Promise.all([
      ...idsOf(7).map((id) => queue.send({ ...calls, id })),
      new Promise((resolve) => setImmediate(() => resolve(queue.send({ ...calls, id: 'next turn' })))),
    ]);
    const delivered: string[] = [];
    consume(async ({ data }) => {
      delivered.push((data as { id: string }).id);
      return DELIVERED;
    });
    await eventually(() => expect(delivered).toEqual([...idsOf(7), 'next turn']));
    await queue.close();
  });

  it('are told one by one that Redis did not take them', async () => {
    const queue = createCallEventQueue({ redis: redis.url });
    await queue.send(sampleEvent({ id: 'before' }));
    await redis.client.config('SET', 'maxmemory', '1');
    const answers = await Promise.allSettled(idsOf(3).map((id) => queue.send(sampleEvent({ id }))));
    await redis.client.config('SET', 'maxmemory', '0');
    for (const answer of answers) {
      expect(answer).toMatchObject({
        status: 'rejected',
        reason: { name: 'EventNotAcknowledgedError', answers: [] },
      });
    }
    expect(await counts()).toMatchObject({ waiting: 1 });
    await queue.close();
  });
});
