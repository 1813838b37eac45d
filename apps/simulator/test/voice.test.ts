import { describe, expect, it } from 'vitest';
import { CHANNEL, CUSTOMER, callEvent, SECRET, startSimulator } from './harness.js';

interface Events {
  readonly events: readonly {
    readonly id: string;
    readonly bodyBase64: string;
    readonly signature: string;
  }[];
}

describe('the signature', () => {
  it('of a good event is accepted with 201', async () => {
    const simulator = await startSimulator();
    expect(await simulator.send(callEvent('e1'))).toMatchObject({
      status: 201,
      body: { id: 'e1', conversation: 'conversation-1', duplicate: false },
    });
  });

  it.each([
    ['missing', null],
    ['empty', ''],
    ['not base64', '?'],
    ['of other bytes', 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='],
  ])('%s is refused with 401', async (_what, signature) => {
    const simulator = await startSimulator();
    const answer = await simulator.send(callEvent('e1'), { signature });
    expect(answer).toMatchObject({ status: 401, body: { error: expect.stringContaining('X-Reamaze') } });
    expect(await simulator.get('summary')).toMatchObject({ accepted: 0, refused: 1, badSignatures: 1 });
  });

  it('belongs to the secret of the channel: to.phone inbound, from.phone outbound', async () => {
    const simulator = await startSimulator({ secrets: { [CHANNEL]: 'own-secret' } });
    const inbound = callEvent('in');
    const outbound = callEvent('out', {
      direction: 'outbound',
      to: { phone: CUSTOMER },
      from: { phone: CHANNEL },
    });
    const wrongWay = callEvent('wrong', { to: { phone: CUSTOMER }, from: { phone: CHANNEL } });

    expect((await simulator.send(inbound, { secret: 'own-secret' })).status).toBe(201);
    expect((await simulator.send(outbound, { secret: 'own-secret' })).status).toBe(201);
    expect((await simulator.send(inbound, { secret: SECRET })).status).toBe(401);
    expect((await simulator.send(wrongWay, { secret: 'own-secret' })).status).toBe(401);
  });

  it('is checked with the new secret after a rotation, of that channel only', async () => {
    const simulator = await startSimulator({ secrets: { [CHANNEL]: 'first' } });
    const other = callEvent('other', { to: { phone: '+16507654321' } });

    expect((await simulator.control('PUT', 'secrets', { secrets: { [CHANNEL]: 'second' } })).status).toBe(
      200,
    );
    expect((await simulator.send(callEvent('e1'), { secret: 'first' })).status).toBe(401);
    expect((await simulator.send(callEvent('e1'), { secret: 'second' })).status).toBe(201);
    expect((await simulator.send(other)).status).toBe(201);

    await simulator.control('PUT', 'secrets', { secret: 'third\n' });
    expect((await simulator.send(other)).status).toBe(401);
    expect((await simulator.send(other, { secret: 'third' })).status).toBe(201);
    expect((await simulator.send(callEvent('e2'), { secret: 'second' })).status).toBe(201);
  });
});

describe('the body', () => {
  it.each(['application/json', 'application/json; charset=utf-8', 'text/plain', 'application/x-y', null])(
    'keeps its bytes whatever the content type: %s',
    async (contentType) => {
      const simulator = await startSimulator();
      const text = ` {"id": "e1",  "to":{"phone":"${CHANNEL}"},"from":{"phone":"${CUSTOMER}"},
        "body":"\u{1f4de} \u2028 \\u0000 \\ud83d é", "odd": 1.0}\n`;
      const bytes = Buffer.from(text, 'utf8');

      expect((await simulator.send(bytes, { contentType })).status).toBe(201);
      const { events } = await simulator.get<Events>('events');
      expect(Buffer.from(events[0]?.bodyBase64 ?? '', 'base64').equals(bytes)).toBe(true);
      expect(events[0]).toMatchObject({
        event: { body: '\u{1f4de} \u2028 \0 \ud83d é', odd: 1 },
        signature: expect.stringMatching(/^.{43}=$/),
      });
    },
  );

  it.each([
    ['no JSON', Buffer.from('{"id":'), 400],
    ['nothing', Buffer.alloc(0), 400],
    ['a NUL byte', Buffer.from('{"id":"\0"}'), 400],
    ['invalid UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 400],
    ['a list', Buffer.from('[]'), 400],
    ['null', Buffer.from('null'), 400],
    ['an empty object', Buffer.from('{}'), 422],
  ])('%s is refused', async (_what, bytes, status) => {
    const simulator = await startSimulator();
    expect(await simulator.send(bytes)).toMatchObject({ status, body: { error: expect.any(String) } });
    expect(await simulator.get('summary')).toMatchObject({ refused: 1, invalid: 1, badSignatures: 0 });
  });

  it('with a bad signature is refused for that first', async () => {
    const simulator = await startSimulator();
    expect((await simulator.send(Buffer.from('no JSON'), { signature: null })).status).toBe(401);
  });

  it('that breaks the document is told every field', async () => {
    const simulator = await startSimulator();
    const event = callEvent('e1', { to: { phone: '0650' }, created_at: '2026-02-30T10:00:00Z' });
    expect(await simulator.send({ ...event, body: '' })).toMatchObject({
      status: 422,
      body: {
        error: expect.any(String),
        errors: { body: expect.any(String), created_at: expect.any(String) },
      },
    });
    expect(await simulator.send({ ...event, created_at: null })).toMatchObject({
      status: 422,
      body: { errors: { 'to.phone': expect.stringContaining('E.164') } },
    });
  });

  it('with a withheld caller is taken', async () => {
    const simulator = await startSimulator();
    expect((await simulator.send(callEvent('e1', { from: { phone: 'anonymous' } }))).status).toBe(201);
  });

  it('of exactly 1 MB is read, one byte more is 413', async () => {
    const simulator = await startSimulator();
    const rest = JSON.stringify(callEvent('e1', { body: '' })).length;
    const ofSize = (bytes: number) => callEvent('e1', { body: 'x'.repeat(bytes - rest) });

    expect((await simulator.send(ofSize(1_048_576))).status).toBe(201);
    expect((await simulator.send(ofSize(1_048_577))).status).toBe(413);
    expect(await simulator.get('requests')).toMatchObject({
      requests: [{ status: 201 }, { id: null, outcome: 'refused', status: 413, signatureValid: false }],
    });
    expect(await simulator.get('summary')).toMatchObject({ invalid: 1, badSignatures: 0 });
  });

  it('of a content type that is none is refused with 415', async () => {
    const simulator = await startSimulator();
    expect((await simulator.send(callEvent('e1'), { contentType: 'nonsense' })).status).toBe(415);
    expect(await simulator.get('summary')).toMatchObject({ requests: 1, refused: 1, inFlight: 0 });
  });
});
