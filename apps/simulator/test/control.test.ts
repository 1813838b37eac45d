import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { callEvent, errorCode, startSimulator, until } from './harness.js';

describe('the events', () => {
  it('come in order of first acceptance and are found by id and thread', async () => {
    const simulator = await startSimulator();
    for (const id of ['b', 'a', 'b']) await simulator.send(callEvent(id, { thread_id: `of-${id}` }));
    await simulator.send(callEvent('c', { thread_id: undefined }));

    const idsAt = async (path: string) =>
      (await simulator.get<{ events: { id: string }[] }>(path)).events.map(({ id }) => id);
    expect(await idsAt('events')).toEqual(['b', 'a', 'c']);
    expect(await idsAt('events?id=a')).toEqual(['a']);
    expect(await idsAt('events?thread=of-b')).toEqual(['b']);
    expect(await idsAt('events?id=a&thread=of-b')).toEqual([]);
    expect(await idsAt('events?id=none')).toEqual([]);
    expect(await simulator.get('events?id=c')).toEqual({
      events: [
        {
          sequence: 3,
          atMs: simulator.nowMs(),
          id: 'c',
          thread: null,
          conversation: 'conversation-1',
          acceptances: 1,
          bodyBase64: expect.any(String),
          signature: expect.any(String),
          event: JSON.parse(JSON.stringify(callEvent('c', { thread_id: undefined }))),
        },
      ],
    });
  });

  it('beyond the limit are forgotten, the oldest first, with their conversations', async () => {
    const simulator = await startSimulator({ limits: { events: 2, requests: 2 } });
    for (const id of ['a', 'b', 'c']) await simulator.send(callEvent(id, { thread_id: `of-${id}` }));
    expect(await simulator.get('events')).toMatchObject({ events: [{ id: 'b' }, { id: 'c' }] });
    expect(await simulator.get('requests')).toMatchObject({ requests: [{ id: 'b' }, { id: 'c' }] });
    expect(await simulator.get('conversations')).toMatchObject({
      conversations: [{ events: ['b'] }, { events: ['c'] }],
    });
    expect(await simulator.get('summary')).toMatchObject({ requests: 3, accepted: 3, conversations: 3 });
  });

  it('that came behind a later one of their call are counted, once', async () => {
    const simulator = await startSimulator();
    const numbered = (id: string, sequence: unknown, thread: string) =>
      simulator.send(callEvent(id, { sequence, thread_id: thread }));
    await numbered('a1', 1, 'a');
    await numbered('a3', 3, 'a');
    await numbered('b1', 1, 'b');
    await numbered('a2', 2, 'a');
    await numbered('a2', 2, 'a');
    await numbered('a2b', 2.5, 'a');
    await numbered('a0', 'text', 'a');
    await numbered('a4', 4, 'a');
    expect(await simulator.get('summary')).toMatchObject({ outOfOrder: 2 });
  });
});

describe('the requests', () => {
  it('name the TCP connection, and are found by id', async () => {
    const simulator = await startSimulator();
    await simulator.useRules({
      name: 'close',
      times: 1,
      match: { id: 'b' },
      action: { kind: 'reset_before' },
    });
    await simulator.send(callEvent('a'));
    await errorCode(simulator.send(callEvent('b')));
    await simulator.send(callEvent('b'));

    expect(await simulator.get('requests')).toEqual({
      requests: [
        {
          sequence: 1,
          atMs: simulator.nowMs(),
          id: 'a',
          thread: 'thread-1',
          outcome: 'accepted',
          status: 201,
          rule: null,
          signatureValid: true,
          durationMs: expect.any(Number),
          connection: 1,
        },
        expect.objectContaining({
          id: 'b',
          outcome: 'misbehaved',
          status: null,
          rule: 'close',
          connection: 1,
        }),
        expect.objectContaining({ id: 'b', outcome: 'accepted', connection: 2 }),
      ],
    });
    expect(await simulator.get('requests?id=a')).toMatchObject({ requests: [{ sequence: 1 }] });
    expect(await simulator.get('summary')).toMatchObject({ connections: 2, maxInFlight: 1 });
  });

  it('cut off in the middle of the body leave nothing behind', async () => {
    const simulator = await startSimulator();
    const socket = connect(Number(new URL(simulator.url).port), '127.0.0.1');
    socket.on('error', () => undefined);
    socket.end('POST /incoming/voice HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{"id":');
    await until(() => simulator.finished.length === 1);
    expect(simulator.finished).toMatchObject([{ id: null, outcome: 'refused', status: 400 }]);
    expect(await simulator.get('summary')).toMatchObject({ inFlight: 0, refused: 1, accepted: 0 });
  });
});

describe('forgetting', () => {
  it('empties everything but rules and secrets', async () => {
    const simulator = await startSimulator();
    await simulator.useRules({
      name: 'refuse b',
      match: { id: 'b' },
      action: { kind: 'status', status: 500 },
    });
    await simulator.send(callEvent('a', { sequence: 2 }));
    await simulator.send(callEvent('b'));
    expect((await simulator.control('DELETE', 'events')).status).toBe(200);

    expect(await simulator.get('events')).toEqual({ events: [] });
    expect(await simulator.get('requests')).toEqual({ requests: [] });
    expect(await simulator.get('conversations')).toEqual({ conversations: [] });
    expect(await simulator.get('summary')).toEqual({
      requests: 0,
      accepted: 0,
      duplicates: 0,
      refused: 0,
      misbehaved: 0,
      badSignatures: 0,
      invalid: 0,
      conversations: 0,
      connections: 0,
      inFlight: 0,
      maxInFlight: 0,
      outOfOrder: 0,
    });
    expect((await simulator.send(callEvent('a', { sequence: 1 }))).body).toMatchObject({ duplicate: false });
    expect((await simulator.send(callEvent('b'))).status).toBe(500);
    expect(await simulator.get('summary')).toMatchObject({ accepted: 1, outOfOrder: 0, connections: 1 });
  });

  it('covers what was under way', async () => {
    const simulator = await startSimulator();
    await simulator.useRules({ name: 'slow', latencyMs: 300, action: { kind: 'accept' } });
    const sent = simulator.send(callEvent('late'));
    await until(async () => (await simulator.get<{ inFlight: number }>('summary')).inFlight === 1);
    await simulator.control('DELETE', 'events');
    expect((await sent).status).toBe(201);
    expect(await simulator.get('summary')).toMatchObject({ requests: 0, accepted: 0 });
  });
});

it('says that it is there, and what is not', async () => {
  const simulator = await startSimulator();
  expect(await simulator.control('GET', 'health')).toMatchObject({ status: 200, body: { ok: true } });
  expect(await simulator.control('GET', 'nothing?phone=1')).toMatchObject({
    status: 404,
    body: { error: 'there is no GET /_simulator/nothing here' },
  });
});
