import { readChannelStatus, readDeadLetters } from '@callpost/queue';
import {
  eventually,
  type Sink,
  type SinkReport,
  sampleEvent,
  startRedis,
  startSink,
  type TestRedis,
} from '@callpost/testkit';
import { Queue } from 'bullmq';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWorker, type WorkerProcess } from './worker-process.js';

const PLAIN = Array.from({ length: 300 }, (_, index) => `ok_${index}`);
const ONCE = ['resetbefore_1', 'hang_1', 'garbage_1', 'after-2_1', 'afterdate-2_1', 'fail-2_1'];
const REFUSED = ['status-400_1', 'status-401_1', 'status-403_1', 'status-404_1', 'status-422_1'];
const REDIRECTED = ['redirect-301_1', 'redirect-302_1', 'redirect-303_1', 'redirect-307_1', 'redirect-308_1'];
const ACCEPTED_BADLY = ['hangbody_1', 'huge_1', 'truncated_1'];
const BODIES = {
  ok_emoji: '📞 ☎️',
  ok_u2028: 'a\u2028b',
  ok_nul: 'a\u0000b',
  ok_lone: 'a\ud83db',
  ok_quotes: '"\\/',
};
const MALFORMED = [
  { id: 'bad_1' },
  'not an event',
  null,
  sampleEvent({ id: 'bad_2', from: { phone: 'anonymous' } }),
];

let redis: TestRedis;
let sink: Sink;
let worker: WorkerProcess;
let report: SinkReport;

const IN_FLIGHT = 50;

/** 300 events of a plain BullMQ producer that sets no options, and one of each misbehaviour, all at once. */
beforeAll(async () => {
  [redis, sink] = await Promise.all([startRedis(), startSink('shared-secret')]);
  worker = await startWorker({
    WORKER_CONCURRENCY: String(IN_FLIGHT),
    REDIS_URL: redis.url,
    REAMAZE_URL: sink.url,
    REAMAZE_SHARED_SECRET: ' shared-secret\n',
    // So much misbehaviour at once may brake the channel, if the machine is slow; here that is not the question.
    BRAKE_COOLDOWN_MS: '100',
    BRAKE_MAX_COOLDOWN_MS: '500',
  });
  const events = [
    ...[...PLAIN, ...ONCE, 'resetafter_1', ...REFUSED, ...REDIRECTED, ...ACCEPTED_BADLY].map((id) =>
      sampleEvent({ id }),
    ),
    ...Object.entries(BODIES).map(([id, body]) => sampleEvent({ id, body, unknown: { kept: [1] } })),
    ...MALFORMED,
  ];
  const producer = new Queue('{voice-default}', { connection: redis.connect() });
  for (const event of events) await producer.add('call-event', event);
  await producer.close();
  const deadCount = REFUSED.length + REDIRECTED.length + MALFORMED.length;
  await eventually(async () => {
    const { counts } = await readChannelStatus(redis.client, 'default');
    expect(counts).toEqual({ waiting: 0, in_flight: 0, retrying: 0, parked: 0, dead: deadCount });
  }, 60_000);
  report = await sink.report();
}, 90_000);
afterAll(async () => {
  await worker.stop();
  await sink.stop();
  await redis.stop();
});

const requestsOf = (id: string) => report.requests.filter((request) => request.id === id);
const waitOf = (id: string) => (requestsOf(id)[1]?.atMs ?? 0) - (requestsOf(id)[0]?.atMs ?? 0);

it('each of the 300 is accepted once, with one request', () => {
  expect(PLAIN.filter((id) => report.accepted[id]?.times !== 1 || requestsOf(id).length !== 1)).toEqual([]);
});

it('every signature verifies, and no event is ever posted twice at a time', () => {
  expect(report.requests.filter(({ valid }) => !valid)).toEqual([]);
  expect(report.overlapping).toEqual([]);
});

it.each(ONCE)('%s is tried again and accepted once', (id) => {
  expect(report.accepted[id]?.times).toBe(1);
  expect(requestsOf(id)).toHaveLength(id === 'fail-2_1' ? 3 : 2);
});

it('an answer lost after acceptance is sent again: at least once, not at most', () => {
  expect(report.accepted.resetafter_1?.times).toBe(2);
});

it.each(['after-2_1', 'afterdate-2_1'])('%s: Retry-After is respected', (id) => {
  expect(waitOf(id)).toBeGreaterThanOrEqual(2_000);
});

it.each(ACCEPTED_BADLY)('%s is accepted by its status, and not sent again', (id) => {
  expect(requestsOf(id)).toHaveLength(1);
});

it.each([...REFUSED, ...REDIRECTED])('%s is attempted once', (id) => expect(requestsOf(id)).toHaveLength(1));

it('no redirect is followed', () => {
  expect(report.requests.filter(({ path }) => path !== '/incoming/voice')).toEqual([]);
});

it('what is malformed is never sent', () => {
  expect(report.requests.filter(({ id }) => id.startsWith('bad'))).toEqual([]);
});

it.each(Object.entries(BODIES))('%s keeps its bytes, with the fields we do not know', (id, body) => {
  const sent = JSON.parse(Buffer.from(report.accepted[id]?.body ?? '', 'base64').toString('utf8'));
  expect(sent).toEqual(sampleEvent({ id, body: body.toWellFormed(), unknown: { kept: [1] } }));
});

it('connections are reused', () => {
  // At most one for each event in flight at a time, and one more for each that the sink broke or the worker gave up.
  expect(report.connections).toBeLessThan(IN_FLIGHT + 20);
  expect(report.requests.length).toBeGreaterThan(320);
});

describe('the failed set holds the dead letters, with their reasons', () => {
  it('each once', async () => {
    const reasons: Record<string, string> = {};
    for await (const letter of readDeadLetters(redis.client, 'default')) {
      reasons[letter.eventId ?? letter.jobId] = letter.reason;
    }
    expect(Object.keys(reasons)).toHaveLength(REFUSED.length + REDIRECTED.length + MALFORMED.length);
    for (const id of REFUSED) expect(reasons[id]).toBe(id.replace(/status-(\d+)_1/, 'http_$1'));
    for (const id of REDIRECTED) expect(reasons[id]).toBe('misconfigured');
    expect(Object.values(reasons).filter((reason) => reason === 'invalid_event')).toHaveLength(
      MALFORMED.length,
    );
  });

  it('nothing personal, no secret and no signature is in any log line', () => {
    const event = sampleEvent({ id: 'x' });
    const output = worker.output();
    for (const personal of [
      event.body,
      event.from.name,
      event.from.phone,
      event.to.phone,
      'Jane',
      '5550199',
    ]) {
      expect(output).not.toContain(personal);
    }
    expect(output).not.toMatch(/shared-secret|hmac|[A-Za-z0-9+/]{43}=/i);
  });

  it('a delivered event is one line, with the facts', () => {
    const lines = worker.lines.filter(({ eventId }) => eventId === 'ok_7');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      msg: 'attempt',
      channel: 'default',
      attempt: 1,
      status: 201,
      outcome: 'delivered',
    });
    expect(lines[0]?.durationMs).toEqual(expect.any(Number));
    expect(lines[0]?.latencyMs).toEqual(expect.any(Number));
  });
});

it('the metrics tell the same', async () => {
  const metrics = await (await fetch(`${worker.opsUrl}/metrics`)).text();
  const value = (series: string) =>
    Number(
      metrics
        .split('\n')
        .find((line) => line.startsWith(`${series} `))
        ?.split(' ')[1],
    );
  const delivered = PLAIN.length + ONCE.length + 1 + ACCEPTED_BADLY.length + Object.keys(BODIES).length;
  expect(value('callpost_delivery_attempts_total{channel="default",outcome="delivered",reason=""}')).toBe(
    delivered,
  );
  expect(value('callpost_dead_letters_total{channel="default",reason="http_422"}')).toBe(1);
  expect(value('callpost_dead_letters_total{channel="default",reason="misconfigured"}')).toBe(5);
  expect(value('callpost_queue_jobs{channel="default",state="dead"}')).toBe(14);
  expect(value('callpost_delivery_attempts_total{channel="default",outcome="retry",reason="timeout"}')).toBe(
    1,
  );
});
