import { describe, expect, it } from 'vitest';
import { callEvent, startSimulator, type TestSimulator } from './harness.js';

const status = (code: number) => ({ kind: 'status', status: code });

async function statusesOf(simulator: TestSimulator, ...events: readonly object[]): Promise<number[]> {
  const statuses: number[] = [];
  for (const event of events) statuses.push((await simulator.send(event)).status);
  return statuses;
}

describe('rules', () => {
  it('are tried in order and the first that matches decides', async () => {
    const simulator = await startSimulator();
    await simulator.useRules(
      { name: 'by id', match: { id: 'a' }, action: status(501) },
      { name: 'by prefix and thread', match: { idPrefix: 'a', thread: 't2' }, action: status(502) },
      { name: 'by body', match: { bodyContains: 'say "hi"' }, action: status(503) },
    );
    const events = [
      callEvent('a'),
      callEvent('a2', { thread_id: 't2' }),
      callEvent('a3'),
      callEvent('b', { body: 'they say "hi" twice' }),
    ];
    expect(await statusesOf(simulator, ...events)).toEqual([501, 502, 201, 503]);
    const { body } = await simulator.control('GET', 'rules');
    expect(body).toMatchObject({
      rules: [{ uses: 1 }, { name: 'by prefix and thread', uses: 1 }, { uses: 1 }],
    });
  });

  it('are used up: in all, and for each id', async () => {
    const simulator = await startSimulator();
    await simulator.useRules(
      { name: 'twice', times: 2, action: status(501) },
      { name: 'once each', timesPerId: 1, action: status(502) },
    );
    const events = ['a', 'b', 'a', 'a', 'b', 'b'].map((id) => callEvent(id));
    expect(await statusesOf(simulator, ...events)).toEqual([501, 501, 502, 201, 502, 201]);
  });

  it('are replaced by the next, and counted anew', async () => {
    const simulator = await startSimulator();
    const rule = { name: 'once', times: 1, action: status(501) };
    await simulator.useRules(rule);
    expect(await statusesOf(simulator, callEvent('a'), callEvent('a'))).toEqual([501, 201]);
    await simulator.useRules(rule);
    expect(await statusesOf(simulator, callEvent('a'))).toEqual([501]);
    await simulator.useRules();
    expect(await statusesOf(simulator, callEvent('a'))).toEqual([201]);
  });

  it('match what is no valid event', async () => {
    const simulator = await startSimulator();
    await simulator.useRules({ name: 'by id', match: { id: 'a' }, action: status(501) });
    expect(await statusesOf(simulator, { id: 'a' }, { id: 'b' })).toEqual([501, 422]);
  });
});

describe('bad rules', () => {
  it('are answered with every fault and change nothing', async () => {
    const simulator = await startSimulator();
    await simulator.useRules({ name: 'kept', action: status(501) });
    const answer = await simulator.control('PUT', 'rules', {
      rules: [
        { name: '', action: status(99) },
        { name: 'x', action: { kind: 'explode' }, times: -1 },
        { name: 'x', action: { kind: 'hang', status: 500 }, match: { ids: 'a' } },
        { name: 'x', latencyMs: 1.5, action: { kind: 'rate_limit', retryAfter: { form: 'weeks' } } },
        { name: 'x', action: { kind: 'status', status: 500, headers: { 'a b': 'c' } }, typo: 1 },
        { name: 'x', action: { kind: 'huge', bytes: 1, status: 204 } },
        { name: 'x' },
      ],
    });
    expect(answer.status).toBe(400);
    const { faults } = answer.body as { faults: { field: string; found: string; allowed: string }[] };
    expect(faults.map(({ field, found }) => `${field}: ${found}`)).toEqual([
      'rules[0].name: empty text',
      'rules[0].action.status: a number',
      'rules[1].times: a number',
      'rules[1].action.kind: text of 7 characters',
      'rules[2].match: an object',
      'rules[2].action: an object',
      'rules[3].latencyMs: a number',
      'rules[3].action.retryAfter.form: text of 5 characters',
      'rules[4].action.headers.a b: text of 1 character',
      'rules[4]: an object',
      'rules[5].action.status: a number',
      'rules[6].action: nothing',
    ]);
    expect(faults.every(({ allowed }) => allowed.length > 0)).toBe(true);
    expect(await statusesOf(simulator, callEvent('a'))).toEqual([501]);
  });

  it.each(['', 'no JSON', '[]', 'null', '{}', '{"rules":{}}', '{"rules":[],"more":1}'])(
    'such as %s are refused',
    async (body) => {
      const simulator = await startSimulator();
      expect(await simulator.control('PUT', 'rules', body)).toMatchObject({
        status: 400,
        body: {
          faults: [{ field: expect.any(String), found: expect.any(String), allowed: expect.any(String) }],
        },
      });
    },
  );
});

describe('bad secrets', () => {
  it.each([
    { secret: ' ' },
    { secret: 1 },
    { secrets: { '0650': 'x' } },
    { secrets: [] },
    { other: 1 },
    [],
    'x',
  ])('%j are refused, and nothing is changed', async (body) => {
    const simulator = await startSimulator();
    expect((await simulator.control('PUT', 'secrets', JSON.stringify(body))).status).toBe(400);
    expect((await simulator.send(callEvent('a'))).status).toBe(201);
  });
});
