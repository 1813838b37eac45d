import { describe, expect, it } from 'vitest';
import { CHANNEL, CUSTOMER, callEvent, startSimulator, type TestSimulator } from './harness.js';

const HOUR_MS = 3_600_000;
const OTHER_CUSTOMER = '+15105550000';

async function conversationOf(simulator: TestSimulator, event: object): Promise<string> {
  const { status, body } = await simulator.send(event);
  expect(status).toBe(201);
  return (body as { conversation: string }).conversation;
}

const threadless = (id: string, fields: object = {}) => callEvent(id, { thread_id: undefined, ...fields });

describe('grouping', () => {
  it('puts events of one thread into one conversation, however late', async () => {
    const simulator = await startSimulator();
    const first = await conversationOf(simulator, callEvent('a', { thread_id: 't1' }));
    const other = await conversationOf(simulator, callEvent('b', { thread_id: 't2' }));
    simulator.advanceMs(30 * 24 * HOUR_MS);
    expect(await conversationOf(simulator, callEvent('c', { thread_id: 't1' }))).toBe(first);
    expect(other).not.toBe(first);
    expect(await simulator.get('conversations')).toEqual({
      conversations: [
        { id: first, thread: 't1', lastActivityAtMs: simulator.nowMs(), events: ['a', 'c'] },
        { id: other, thread: 't2', lastActivityAtMs: expect.any(Number), events: ['b'] },
      ],
    });
    expect(await simulator.get('summary')).toMatchObject({ accepted: 3, conversations: 2 });
  });

  it("puts an event without a thread into the customer's most recent conversation of the past hour", async () => {
    const simulator = await startSimulator();
    await conversationOf(simulator, callEvent('a', { thread_id: 't1' }));
    const recent = await conversationOf(simulator, callEvent('b', { thread_id: 't2' }));
    simulator.advanceMs(HOUR_MS);
    expect(await conversationOf(simulator, threadless('c'))).toBe(recent);
  });

  it('counts the hour from the last activity and begins a new conversation after it', async () => {
    const simulator = await startSimulator();
    const first = await conversationOf(simulator, threadless('a'));
    simulator.advanceMs(HOUR_MS - 1);
    expect(await conversationOf(simulator, threadless('b'))).toBe(first);
    simulator.advanceMs(HOUR_MS);
    expect(await conversationOf(simulator, threadless('c', { thread_id: null }))).toBe(first);
    simulator.advanceMs(HOUR_MS + 1);
    expect(await conversationOf(simulator, threadless('d', { thread_id: '' }))).not.toBe(first);
  });

  it('tells customers apart, by to.phone when outbound', async () => {
    const simulator = await startSimulator();
    const first = await conversationOf(simulator, threadless('a'));
    expect(await conversationOf(simulator, threadless('b', { from: { phone: OTHER_CUSTOMER } }))).not.toBe(
      first,
    );
    const outbound = { direction: 'outbound', to: { phone: CUSTOMER }, from: { phone: CHANNEL } };
    expect(await conversationOf(simulator, threadless('c', outbound))).toBe(first);
  });

  it('keeps to the conversation that was active last, not to the one begun last', async () => {
    const simulator = await startSimulator();
    const first = await conversationOf(simulator, callEvent('a', { thread_id: 't1' }));
    await conversationOf(simulator, callEvent('b', { thread_id: 't2' }));
    await conversationOf(simulator, callEvent('c', { thread_id: 't1' }));
    expect(await conversationOf(simulator, threadless('d'))).toBe(first);
  });
});

describe('a repeated id', () => {
  it.each([
    ['is stored again with dedup off', false, 3],
    ['is left as it is with dedup on', true, 1],
  ])('%s', async (_what, dedup, acceptances) => {
    const simulator = await startSimulator({ dedup });
    expect((await simulator.send(callEvent('e1'))).body).toMatchObject({ duplicate: false });
    for (const body of ['again', 'and again']) {
      expect(await simulator.send(callEvent('e1', { body }))).toMatchObject({
        status: 201,
        body: { id: 'e1', conversation: 'conversation-1', duplicate: true },
      });
    }
    expect(await simulator.get('events')).toMatchObject({
      events: [{ sequence: 1, id: 'e1', acceptances, event: callEvent('e1') }],
    });
    expect(await simulator.get('summary')).toMatchObject({ requests: 3, accepted: 1, duplicates: 2 });
    expect(await simulator.get('requests')).toMatchObject({
      requests: [{ outcome: 'accepted' }, { outcome: 'duplicate' }, { outcome: 'duplicate' }],
    });
  });

  it.each([
    ['keeps its conversation alive with dedup off', false, 'conversation-1'],
    ['does not with dedup on', true, 'conversation-2'],
  ])('%s', async (_what, dedup, conversation) => {
    const simulator = await startSimulator({ dedup });
    await simulator.send(threadless('e1'));
    simulator.advanceMs(HOUR_MS);
    await simulator.send(threadless('e1'));
    simulator.advanceMs(HOUR_MS);
    expect(await conversationOf(simulator, threadless('e2'))).toBe(conversation);
  });
});
