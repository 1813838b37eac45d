import { type CallEvent, parseCallEvent } from '@callpost/domain';
import {
  createCallEventQueue,
  createDiscarder,
  eventIdOfJobId,
  findDeadLetter,
  jobIdOf,
  pageDeadLetters,
} from '@callpost/queue';
import { startRedis, type TestRedis, writeDeadLetters } from '@callpost/testkit';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { anEvent, fuzz, oddText } from './fuzz.js';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedis(['--appendonly', 'no']);
});
afterAll(() => redis.stop());

const oddId = oddText.filter((text) => text.length > 0 && text.length <= 255);

fuzz('an event id survives its way through a job id, which is safe for BullMQ', 10_000, oddId, (id) => {
  const jobId = jobIdOf(id);
  expect(jobId).not.toMatch(/[: \0\r\n]/);
  expect(jobId).not.toMatch(/^\d+$/);
  expect(eventIdOfJobId(jobId)).toBe(id.toWellFormed());
});

describe('with a real Redis', () => {
  fuzz(
    'events with odd ids and calls are all accepted as they are, or refused',
    150,
    fc.array(fc.tuple(anEvent, oddId, oddText), { minLength: 20, maxLength: 20 }),
    async (inputs) => {
      await redis.client.flushall();
      const queue = createCallEventQueue({ redis: redis.url });
      try {
        const events = inputs.map(([event, id, thread_id]) => ({ ...event, id, thread_id }));
        const answers = await queue.sendMany(events);
        expect(answers).toHaveLength(events.length);
        for (const [index, answer] of answers.entries()) {
          const event = events[index] as CallEvent;
          if (answer.status === 'invalid') {
            expect(parseCallEvent(event).ok).toBe(false);
            continue;
          }
          expect(answer.eventId).toBe(event.id);
          const data = await redis.client.hget(`bull:{voice-default}:${jobIdOf(event.id)}`, 'data');
          expect(JSON.parse(data ?? 'null').id).toBe(
            events.find(({ id }) => jobIdOf(id) === jobIdOf(event.id))?.id,
          );
        }
        const accepted = answers.filter(({ status }) => status === 'accepted').length;
        const keys = await redis.client.keys('bull:{voice-default}:e.*');
        expect(keys).toHaveLength(accepted);
      } finally {
        await queue.close();
      }
    },
  );

  fuzz(
    'a letter with an odd id is found and discarded, and no other',
    500,
    fc.tuple(oddId, anEvent),
    async ([id, event]) => {
      await redis.client.flushall();
      const letter = (one: string) => ({
        event: { ...event, id: one } as CallEvent,
        jobId: jobIdOf(one),
        reason: 'http_422',
        status: 422,
        excerpt: 'as asked',
        atMs: 1_700_000_000_000,
      });
      const connection = redis.connect();
      const jobId = jobIdOf(id);
      await writeDeadLetters(redis.client, [letter(id), letter('bystander')]);
      expect((await findDeadLetter(connection, 'default', id))?.jobId).toBe(jobId);
      const discard = createDiscarder({ redis: connection, channel: 'default' });
      expect(await discard.discard(jobId)).toBe('discarded');
      expect(await redis.client.zrange('bull:{voice-default}:failed', '0', '-1')).toEqual(['e.bystander']);
      connection.disconnect();
    },
  );

  fuzz(
    'any cursor gives a page or is refused in words',
    4_000,
    fc.oneof(
      oddText,
      fc.string().map((text) => Buffer.from(text).toString('base64url')),
      fc
        .tuple(fc.nat(), oddText)
        .map(([score, member]) => Buffer.from(`${score}:${member}`).toString('base64url')),
    ),
    async (cursor) => {
      const connection = redis.client;
      try {
        const page = await pageDeadLetters(connection, 'default', { filter: {}, cursor, limit: 5 });
        expect(Array.isArray(page.letters)).toBe(true);
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
        expect(String(error)).toMatch(/^RangeError: cursor: found .*; allowed: /);
      }
    },
  );
});
