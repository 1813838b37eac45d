import { describe, expect, it } from 'vitest';
import { callEvent, errorCode, SECRET, startSimulator, type TestSimulator, until } from './harness.js';

interface Logged {
  readonly requests: readonly {
    readonly outcome: string;
    readonly status: number | null;
    readonly rule: string;
  }[];
}

async function withAction(action: object): Promise<TestSimulator> {
  const simulator = await startSimulator();
  await simulator.useRules({ name: 'the rule', action });
  return simulator;
}

/** What the simulator says of the one request it got. */
async function expectLogged(
  simulator: TestSimulator,
  status: number | null,
  accepted: number,
): Promise<void> {
  const { requests } = await simulator.get<Logged>('requests');
  expect(requests).toMatchObject([{ outcome: 'misbehaved', status, rule: 'the rule', signatureValid: true }]);
  expect(await simulator.get('summary')).toMatchObject({ requests: 1, misbehaved: 1, accepted });
}

describe('an action', () => {
  it('status answers with that status, headers and body', async () => {
    const headers = { 'X-Odd': 'yes', 'Content-Type': 'text/html' };
    const simulator = await withAction({ kind: 'status', status: 503, body: '<h1>down</h1>', headers });
    expect(await simulator.send(callEvent('e1'))).toMatchObject({
      status: 503,
      headers: { 'x-odd': 'yes', 'content-type': 'text/html', 'content-length': '13' },
      body: '<h1>down</h1>',
    });
    await expectLogged(simulator, 503, 0);
  });

  it.each([
    [200, 1],
    [204, 1],
    [304, 0],
    [422, 0],
    [599, 0],
  ])('status %i accepts %i events', async (status, accepted) => {
    const simulator = await withAction({ kind: 'status', status });
    expect((await simulator.send(callEvent('e1'))).status).toBe(status);
    await expectLogged(simulator, status, accepted);
  });

  it('status 103 sends a status line that is not the last one', async () => {
    const simulator = await withAction({ kind: 'status', status: 103 });
    const abort = new AbortController();
    const sent = errorCode(simulator.open(callEvent('e1'), { signal: abort.signal }));
    await until(() => simulator.finished.length === 1);
    abort.abort();
    await sent;
    await expectLogged(simulator, 103, 0);
  });

  it.each([
    ['without Retry-After', undefined, undefined],
    ['with seconds', { form: 'seconds', seconds: 7 }, '7'],
    ['with an HTTP date', { form: 'date', seconds: 90 }, 'Mon, 05 Jan 2026 12:01:30 GMT'],
    ['with a date that is past', { form: 'date', seconds: -1 }, 'Mon, 05 Jan 2026 11:59:59 GMT'],
  ])('rate_limit answers 429 %s', async (_what, retryAfter, header) => {
    const simulator = await withAction({ kind: 'rate_limit', retryAfter });
    const { status, headers } = await simulator.send(callEvent('e1'));
    expect({ status, header: headers['retry-after'] }).toEqual({ status: 429, header });
    await expectLogged(simulator, 429, 0);
  });

  it('hang never answers and forgets the request when the sender leaves', async () => {
    const simulator = await withAction({ kind: 'hang' });
    const abort = new AbortController();
    const sent = errorCode(simulator.open(callEvent('e1'), { signal: abort.signal }));
    await until(async () => (await simulator.get<Logged>('requests')).requests.length === 1);
    await expectLogged(simulator, null, 0);
    expect(await simulator.get('summary')).toMatchObject({ inFlight: 1 });
    expect(simulator.finished).toEqual([]);

    abort.abort();
    expect(await sent).toBe('AbortError');
    await until(() => simulator.finished.length === 1);
    expect(await simulator.get('summary')).toMatchObject({ inFlight: 0, maxInFlight: 1 });
  });

  it('hang_body sends headers and never the whole body', async () => {
    const simulator = await withAction({ kind: 'hang_body' });
    const abort = new AbortController();
    const response = await simulator.open(callEvent('e1'), { signal: abort.signal });
    expect(response).toMatchObject({ statusCode: 200, headers: { 'content-length': '1000' } });
    await expectLogged(simulator, 200, 1);
    expect(await simulator.get('summary')).toMatchObject({ inFlight: 1 });
    const body = errorCode(response.body.text());
    abort.abort();
    expect(await body).toBe('AbortError');
  });

  it.each([
    ['reset_before', 0],
    ['reset_after', 1],
  ])('%s resets the connection and accepts %i events', async (kind, accepted) => {
    const simulator = await withAction({ kind });
    expect(await errorCode(simulator.open(callEvent('e1')))).toBe('ECONNRESET');
    await expectLogged(simulator, null, accepted);
  });

  it('wrong_secret refuses a good signature with 401', async () => {
    const simulator = await withAction({ kind: 'wrong_secret' });
    expect(await simulator.send(callEvent('e1'))).toMatchObject({
      status: 401,
      body: { error: expect.stringContaining('is not the signature') },
    });
    await expectLogged(simulator, 401, 0);
    expect(await simulator.get('summary')).toMatchObject({ badSignatures: 0, refused: 0 });
  });

  it.each([
    [undefined, 200, 1],
    [500, 500, 0],
  ])('huge with status %s sends every byte and not one more', async (status, answered, accepted) => {
    const bytes = 5_000_001;
    const simulator = await withAction({ kind: 'huge', bytes, status });
    const { status: received, headers, body } = await simulator.send(callEvent('e1'));
    expect(received).toBe(answered);
    expect(headers['content-length']).toBe(String(bytes));
    expect((body as string).length).toBe(bytes);
    await expectLogged(simulator, answered, accepted);

    await simulator.useRules();
    expect((await simulator.send(callEvent('e2'))).status).toBe(201);
    expect(await simulator.get('requests?id=e2')).toMatchObject({ requests: [{ connection: 1 }] });
  });

  it('huge takes it well when the sender stops reading', async () => {
    const simulator = await withAction({ kind: 'huge', bytes: 1e12 });
    const { body } = await simulator.open(callEvent('e1'));
    body.on('error', () => undefined).destroy();
    await until(() => simulator.finished.length === 1);
    expect(await simulator.get('health')).toEqual({ ok: true });
  });

  it.each([
    [undefined, 200, 1],
    [502, 502, 0],
  ])('truncated with status %s closes in the middle of the body', async (status, answered, accepted) => {
    const simulator = await withAction({ kind: 'truncated', status });
    const response = await simulator.open(callEvent('e1'));
    expect(response).toMatchObject({ statusCode: answered, headers: { 'content-length': '1000' } });
    expect(await errorCode(response.body.text())).toBe('UND_ERR_SOCKET');
    await expectLogged(simulator, answered, accepted);
  });

  it('garbage sends what is not HTTP', async () => {
    const simulator = await withAction({ kind: 'garbage' });
    expect(await errorCode(simulator.open(callEvent('e1')))).toBe('HTTPParserError');
    await expectLogged(simulator, null, 0);
  });

  it.each([301, 302, 303, 307, 308])('redirect answers %i with a location', async (status) => {
    const location = 'http://127.0.0.1:9/elsewhere';
    const simulator = await withAction({ kind: 'redirect', status, location });
    expect(await simulator.send(callEvent('e1'))).toMatchObject({ status, headers: { location } });
    await expectLogged(simulator, status, 0);
  });

  it('accept answers as without a rule, after the latency', async () => {
    const simulator = await startSimulator();
    await simulator.useRules({ name: 'slow', latencyMs: 200, action: { kind: 'accept' } });
    const startedMs = performance.now();
    expect((await simulator.send(callEvent('e1'))).status).toBe(201);
    expect(performance.now() - startedMs).toBeGreaterThan(195);
    const { requests } = await simulator.get<{ requests: { durationMs: number }[] }>('requests');
    expect(requests).toMatchObject([{ outcome: 'accepted', status: 201, rule: 'slow' }]);
    expect(requests[0]?.durationMs).toBeGreaterThan(195);
  });
});

describe('an event that would be refused anyway', () => {
  it.each([
    { kind: 'accept' },
    { kind: 'status', status: 200 },
    { kind: 'reset_after' },
    { kind: 'huge', bytes: 1 },
  ])('is refused by a rule that lets events in: %o', async (action) => {
    const simulator = await withAction(action);
    expect((await simulator.send(callEvent('e1'), { signature: null })).status).toBe(401);
    expect((await simulator.send(callEvent('e1', { body: 1 }))).status).toBe(422);
    expect(await simulator.get('summary')).toMatchObject({ refused: 2, misbehaved: 0, accepted: 0 });
  });

  it('meets the other misbehaviour all the same, and its signature is counted', async () => {
    const simulator = await withAction({ kind: 'status', status: 503 });
    expect((await simulator.send(callEvent('e1'), { secret: `not ${SECRET}` })).status).toBe(503);
    expect(await simulator.get('summary')).toMatchObject({ misbehaved: 1, refused: 0, badSignatures: 1 });
  });
});

describe('a latency', () => {
  it('does not keep an event out whose sender has left', async () => {
    const simulator = await startSimulator();
    await simulator.useRules({ name: 'slow', latencyMs: 500, action: { kind: 'accept' } });
    const abort = new AbortController();
    const sent = errorCode(simulator.open(callEvent('e1'), { signal: abort.signal }));
    await until(async () => (await simulator.get<{ inFlight: number }>('summary')).inFlight === 1);
    abort.abort();
    expect(await sent).toBe('AbortError');
    await until(() => simulator.finished.length === 1);
    expect(await simulator.get('summary')).toMatchObject({ accepted: 1, inFlight: 0 });
  });

  it('hides a request until it is over, and does not keep the server from closing', async () => {
    const simulator = await startSimulator();
    await simulator.useRules({ name: 'slow', latencyMs: 3_600_000, action: { kind: 'accept' } });
    const sent = simulator.open(callEvent('e1')).catch(() => 'cut off');
    await until(async () => (await simulator.get<{ inFlight: number }>('summary')).inFlight === 1);
    expect(await simulator.get('summary')).toMatchObject({ requests: 1, accepted: 0 });
    expect(await simulator.get('requests')).toEqual({ requests: [] });
    await simulator.close();
    await sent;
  });
});
