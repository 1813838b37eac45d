import { setImmediate } from 'node:timers/promises';
import { type ChannelSignal, DEFAULT_RETRY_POLICY } from '@callpost/domain';
import { Interrupt, type TakenEvent } from '@callpost/queue';
import { signingKey, verify } from '@callpost/signature';
import type { AttemptEntry } from '@callpost/telemetry';
import { sampleEvent } from '@callpost/testkit';
import { expect, it } from 'vitest';
import { createDeliver } from './deliver-event.js';
import type { PostResult } from './endpoint.js';
import { createInFlight, livenessOf } from './health.js';

const key = signingKey('secret');
const never = new Interrupt();
const answered = (status: number, responseText = ''): PostResult => ({
  result: { kind: 'answered', status, retryAfter: null },
  readResponse: () => responseText,
});

function taken(data: unknown, more: Partial<TakenEvent> = {}): TakenEvent {
  return {
    jobId: '1',
    data,
    attempt: 1,
    enqueuedAtMs: 1_000,
    queuedAtMs: 1_000,
    origin: 'live',
    possiblyDelivered: false,
    overtaken: 0,
    trace: null,
    ...more,
  };
}

function delivery(
  postResult: PostResult,
  retryPolicy = DEFAULT_RETRY_POLICY,
  options: {
    isBraked?: boolean;
    isHeld?: boolean;
    brakedMs?: number;
    /** What never answers. */
    hangs?: 'admit' | 'post' | 'end';
  } = {},
) {
  const answerOf = async <T>(who: typeof options.hangs, answer: T): Promise<T> =>
    options.hangs === who ? new Promise<never>(() => undefined) : answer;
  const posts: { body: Buffer; signature: string }[] = [];
  const entries: AttemptEntry[] = [];
  let nowMs = 4_000;
  const end = ({ kind }: ChannelSignal) =>
    answerOf('end', { isHeldBack: options.isHeld === true && kind === 'refused' });
  const underWay = createInFlight(() => nowMs);
  const deliver = createDeliver({
    channel: {
      name: 'sales',
      signingKey: () => key,
      async post(body, signature) {
        posts.push({ body, signature });
        nowMs += 50;
        return answerOf('post', postResult);
      },
    },
    brake: {
      admit: () => answerOf('admit', options.isBraked ? null : { end }),
      brakedMsSince: () => options.brakedMs ?? 0,
    },
    retryPolicy,
    withheldCallers: 'refuse',
    workerName: 'host:1',
    posts: underWay,
    observe: (entry) => entries.push(entry),
    now: () => nowMs,
    random: () => 0,
  });
  const live = livenessOf(underWay, 1_000);
  const later = (ms: number) => {
    nowMs += ms;
  };
  return { deliver, posts, entries, live, later };
}

it('posts the event signed, and tells of it without anything personal', async () => {
  const { deliver, posts, entries } = delivery(answered(201));
  const event = sampleEvent({ id: 'event-1' });
  expect(await deliver(taken(event), never)).toEqual({ outcome: 'delivered' });
  expect(posts).toHaveLength(1);
  expect(JSON.parse(String(posts[0]?.body))).toEqual(event);
  expect(verify(posts[0]?.body ?? Buffer.of(), posts[0]?.signature, key)).toBe(true);
  expect(entries).toEqual([
    {
      channel: 'sales',
      eventId: 'event-1',
      jobId: '1',
      origin: 'live',
      outcome: 'delivered',
      attempt: 1,
      durationMs: 50,
      latencyMs: 3_050,
      status: 201,
    },
  ]);
});

it('sends an event without created_at with the moment it was enqueued, the same on every attempt', async () => {
  const { created_at: _, ...event } = sampleEvent({ id: 'event-1' });
  const { deliver, posts } = delivery(answered(503));
  await deliver(taken(event), never);
  await deliver(taken(event, { attempt: 2 }), never);
  expect(JSON.parse(String(posts[0]?.body)).created_at).toBe('1970-01-01T00:00:01+0000');
  expect(posts[1]).toEqual(posts[0]);
});

it.each([null, 'text', {}, sampleEvent({ id: 'x', from: { phone: 'anonymous' } })])(
  'never sends what does not fit the schema: %j',
  async (data) => {
    const { deliver, posts, entries } = delivery(answered(201));
    const settlement = await deliver(taken(data), never);
    expect(settlement).toMatchObject({
      outcome: 'dead',
      record: { reason: 'invalid_event', outcome: 'dead' },
    });
    expect(settlement.outcome === 'dead' && settlement.record.faults?.length).toBeGreaterThan(0);
    expect(posts).toEqual([]);
    expect(entries[0]).toMatchObject({ outcome: 'dead', reason: 'invalid_event' });
  },
);

it('keeps a masked excerpt of at most 1 KB as evidence, and no excerpt in the log', async () => {
  const event = sampleEvent({ id: 'event-1' });
  const { deliver, entries } = delivery(
    answered(422, `${event.from.phone} is invalid, ${event.from.name}. ${'x'.repeat(5_000)}`),
  );
  const settlement = await deliver(taken(event), never);
  const record = settlement.outcome === 'dead' ? settlement.record : undefined;
  expect(record).toMatchObject({
    status: 422,
    reason: 'http_422',
    worker: 'host:1',
    atMs: 4_000,
    durationMs: 50,
  });
  expect(record?.excerpt).toMatch(/^\+1510•••0199 is invalid, •••\. x+$/);
  expect(record?.excerpt).toHaveLength(1_024);
  expect(JSON.stringify(entries)).not.toContain('invalid,');
});

it('says possiblyDelivered once an attempt may have arrived, and in every record after it', async () => {
  const event = sampleEvent({ id: 'event-1' });
  const reset = delivery({
    result: { kind: 'failed', reason: 'reset', mayHaveArrived: true },
    readResponse: () => '',
    code: 'ECONNRESET',
  });
  expect(await reset.deliver(taken(event), never)).toMatchObject({
    outcome: 'retry',
    retryAtMs: 5_050,
    record: { possiblyDelivered: true, code: 'ECONNRESET' },
  });
  const refused = delivery(answered(422));
  expect(await refused.deliver(taken(event, { attempt: 2, possiblyDelivered: true }), never)).toMatchObject({
    outcome: 'dead',
    record: { possiblyDelivered: true },
  });
  expect(await refused.deliver(taken(event), never)).not.toHaveProperty('record.possiblyDelivered');
});

it('spends no attempt on an interruption', async () => {
  const { deliver, entries } = delivery({
    result: { kind: 'interrupted', reason: 'shutdown', mayHaveArrived: true },
    readResponse: () => '',
  });
  expect(await deliver(taken(sampleEvent({ id: 'event-1' })), never)).toEqual({
    outcome: 'interrupted',
    reason: 'shutdown',
    mayHaveArrived: true,
  });
  expect(entries[0]).toMatchObject({ outcome: 'interrupted', reason: 'shutdown' });
});

it('counts age from the last replay, and tells what an expired event failed of', async () => {
  const { deliver } = delivery(answered(503), { ...DEFAULT_RETRY_POLICY, maxAgeMs: 2_000 });
  const event = sampleEvent({ id: 'event-1' });
  expect(await deliver(taken(event), never)).toMatchObject({
    outcome: 'dead',
    record: { reason: 'expired', lastReason: 'http_5xx', status: 503 },
  });
  expect(await deliver(taken(event, { origin: 'replay', queuedAtMs: 3_900 }), never)).toMatchObject({
    outcome: 'retry',
  });
});

it('warns of what will probably surprise', async () => {
  const { deliver, entries } = delivery(answered(201));
  await deliver(taken(sampleEvent({ id: 'event-1', thread_id: null })), never);
  expect(entries[0]?.warnings).toEqual(['thread_id_missing']);
});

it('posts nothing while the channel is braked, and tells of nothing', async () => {
  const { deliver, posts, entries } = delivery(answered(201), DEFAULT_RETRY_POLICY, { isBraked: true });
  expect(await deliver(taken(sampleEvent({ id: 'event-1' })), never)).toEqual({
    outcome: 'interrupted',
    reason: 'channel_braked',
    mayHaveArrived: false,
  });
  expect(posts).toEqual([]);
  expect(entries).toEqual([]);
});

it('a refusal of a held channel is no letter; any other answer counts', async () => {
  const event = sampleEvent({ id: 'event-1' });
  const refused = delivery(answered(401), DEFAULT_RETRY_POLICY, { isHeld: true });
  expect(await refused.deliver(taken(event), never)).toMatchObject({
    outcome: 'interrupted',
    reason: 'channel_held',
  });
  expect(refused.entries[0]).toMatchObject({ outcome: 'interrupted', reason: 'channel_held', status: 401 });
  const other = delivery(answered(422), DEFAULT_RETRY_POLICY, { isHeld: true });
  expect(await other.deliver(taken(event), never)).toMatchObject({ outcome: 'dead' });
});

it('time that the channel was stopped does not age an event', async () => {
  const policy = { ...DEFAULT_RETRY_POLICY, maxAgeMs: 2_000 };
  const event = sampleEvent({ id: 'event-1' });
  const { deliver } = delivery(answered(503), policy, { brakedMs: 3_000 });
  expect(await deliver(taken(event), never)).toMatchObject({ outcome: 'retry' });
});

it.each([
  ['alive', 'Redis, before its POST', 'admit', null],
  ['stuck', 'Re:amaze, beyond its deadline', 'post', 'a POST has been under way for 600000 ms'],
  ['alive', 'Redis, after its POST', 'end', null],
] as const)('a worker is %s whose attempt waits for %s', async (_is, _whom, hangs, trouble) => {
  const { deliver, live, later } = delivery(answered(401), undefined, { hangs });
  void deliver(taken(sampleEvent({ id: 'event-1' })), never);
  await setImmediate();
  later(10 * 60_000);
  expect(await live()).toBe(trouble);
});
