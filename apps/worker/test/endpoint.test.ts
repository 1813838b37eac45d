import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { reasonOfNetworkError } from '@callpost/domain';
import { Interrupt } from '@callpost/queue';
import { sign, signingKey } from '@callpost/signature';
import { accept, eventually, startEndpoint, status, type TestEndpoint } from '@callpost/testkit';
import { errors } from 'undici';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createEndpoint, type Endpoint } from '../src/endpoint.js';

const never = new Interrupt();
const body = Buffer.from(JSON.stringify({ id: 'event-1', body: '📞 \u2028 \0' }));
const request = { path: '/incoming/voice?x=1', body, signature: sign(body, signingKey('secret')) };

let server: TestEndpoint;
const opened: Endpoint[] = [];

beforeEach(async () => {
  server = await startEndpoint();
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((endpoint) => endpoint.close()));
  await server.stop();
});

function open(origin = server.origin, { timeoutMs = 5_000, connections = 4 } = {}) {
  const endpoint = createEndpoint({
    origin,
    connections,
    timeoutMs,
    userAgent: 'callpost/test',
    onConnection: () => undefined,
  });
  opened.push(endpoint);
  return endpoint;
}

it('sends exactly the bytes it was given, with their signature', async () => {
  const { result } = await open().post(request, never);
  expect(result).toEqual({ kind: 'answered', status: 201, retryAfter: null });
  const [received] = server.requests;
  expect(received?.body.equals(body)).toBe(true);
  expect(received?.path).toBe('/incoming/voice?x=1');
  expect(received?.headers).toMatchObject({
    'x-reamaze-hmac-sha256': request.signature,
    'content-type': 'application/json',
    'content-length': String(body.length),
    'user-agent': 'callpost/test',
  });
});

it('reuses connections: 200 posts, 4 at a time, over 4 connections', async () => {
  const endpoint = open();
  const one = async () => {
    for (let count = 0; count < 50; count += 1) await endpoint.post(request, never);
  };
  await Promise.all([one(), one(), one(), one()]);
  expect(server.requests).toHaveLength(200);
  expect(server.connections()).toBeLessThanOrEqual(4);
});

it('does not follow a redirect', async () => {
  server.answerWith(status(307, { location: `${server.origin}/elsewhere` }));
  expect((await open().post(request, never)).result).toMatchObject({ kind: 'answered', status: 307 });
  expect(server.requests).toHaveLength(1);
});

it('gives Retry-After and the text of the response', async () => {
  server.answerWith(status(503, { 'retry-after': '7' }, '{"error":"maintenance"}'));
  const { result, readResponse } = await open().post(request, never);
  expect(result).toEqual({ kind: 'answered', status: 503, retryAfter: '7' });
  expect(readResponse()).toBe('{"error":"maintenance"}');
});

describe('a response that does not end well does not change what its status said', () => {
  it('reads no more than 16 KB of a huge one, and the next post works', async () => {
    server.answerWith((_, response) => {
      response.writeHead(422);
      const flood = () => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
        if (!response.destroyed) response.once('drain', flood);
      };
      flood();
    });
    const endpoint = open();
    const { result, readResponse } = await endpoint.post(request, never);
    expect(result).toMatchObject({ kind: 'answered', status: 422 });
    expect(readResponse()).toHaveLength(16_384);
    server.answerWith(accept);
    expect((await endpoint.post(request, never)).result).toMatchObject({ status: 201 });
  });

  it('ends at the deadline when the body hangs', async () => {
    server.answerWith((_, response) => void response.writeHead(200, { 'content-length': '10' }).write('abc'));
    const { result, readResponse } = await open(server.origin, { timeoutMs: 200 }).post(request, never);
    expect(result).toMatchObject({ kind: 'answered', status: 200 });
    expect(readResponse()).toBe('abc');
  });

  it('ends when the body is cut off', async () => {
    server.answerWith((_, response) => {
      response.writeHead(400, { 'content-length': '10' }).write('abc', () => response.destroy());
    });
    expect((await open().post(request, never)).result).toMatchObject({ kind: 'answered', status: 400 });
  });
});

describe('no answer', () => {
  it('in time', async () => {
    server.answerWith(() => undefined);
    expect((await open(server.origin, { timeoutMs: 200 }).post(request, never)).result).toEqual({
      kind: 'failed',
      reason: 'timeout',
      mayHaveArrived: true,
    });
  });

  it('is sent for when the interrupt came first', async () => {
    const interrupt = new Interrupt();
    interrupt.raise('shutdown');
    const posted = await open().post(request, interrupt);
    expect(posted.result).toEqual({ kind: 'interrupted', reason: 'shutdown', mayHaveArrived: false });
    await open().post(request, never);
    expect(server.requests).toHaveLength(1);
  });

  it('because the connection was reset', async () => {
    server.answerWith((_, response) => void response.socket?.resetAndDestroy());
    expect(await open().post(request, never)).toMatchObject({
      result: { kind: 'failed', reason: 'reset', mayHaveArrived: true },
    });
  });

  it('because nothing listens there', async () => {
    expect(await open('http://127.0.0.1:1').post(request, never)).toMatchObject({
      result: { kind: 'failed', reason: 'connect', mayHaveArrived: false },
      code: 'ECONNREFUSED',
    });
  });

  it('because the name does not resolve', async () => {
    expect((await open('http://no-such-host.invalid').post(request, never)).result).toEqual({
      kind: 'failed',
      reason: 'dns',
      mayHaveArrived: false,
    });
  });

  it('that is HTTP', async () => {
    const tcp = createTcpServer((socket: Socket) => socket.once('data', () => socket.end('SMTP ready\r\n')));
    tcp.listen(0, '127.0.0.1');
    await once(tcp, 'listening');
    const { port } = tcp.address() as AddressInfo;
    expect((await open(`http://127.0.0.1:${port}`).post(request, never)).result).toMatchObject({
      kind: 'failed',
      reason: 'protocol',
    });
    tcp.close();
  });

  it('because its certificate is not trusted', async () => {
    const pem = readFileSync(new URL('self-signed.pem', import.meta.url));
    const tls = createTlsServer({ key: pem, cert: pem }, () => undefined).listen(0, '127.0.0.1');
    await once(tls, 'listening');
    const { port } = tls.address() as AddressInfo;
    expect(await open(`https://127.0.0.1:${port}`).post(request, never)).toMatchObject({
      result: { kind: 'failed', reason: 'tls', mayHaveArrived: false },
      code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
    });
    tls.close();
  });

  it('because its certificate is not trusted, whatever NODE_TLS_REJECT_UNAUTHORIZED says', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    const pem = readFileSync(new URL('self-signed.pem', import.meta.url));
    const tls = createTlsServer({ key: pem, cert: pem }, () => undefined).listen(0, '127.0.0.1');
    await once(tls, 'listening');
    const { port } = tls.address() as AddressInfo;
    expect((await open(`https://127.0.0.1:${port}`).post(request, never)).result).toMatchObject({
      kind: 'failed',
      reason: 'tls',
    });
    tls.close();
    vi.unstubAllEnvs();
  });
});

it.each(['shutdown', 'lock_lost'] as const)('is interrupted by %s at once', async (reason) => {
  server.answerWith(() => undefined);
  const interrupt = new Interrupt();
  const posted = open().post(request, interrupt);
  await eventually(() => server.requests.length === 1);
  interrupt.raise(reason);
  expect((await posted).result).toEqual({ kind: 'interrupted', reason, mayHaveArrived: true });
});

describe('every error that undici names', () => {
  /** These say that our own call was wrong, or come from parts of undici that a POST through a Pool does not touch. */
  const NOT_OF_A_POST = [
    'UND_ERR',
    'UND_ERR_INVALID_ARG',
    'UND_ERR_INVALID_RETURN_VALUE',
    'UND_ERR_ABORT',
    'UND_ERR_ABORTED',
    'UND_ERR_INFO',
    'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH',
    'UND_ERR_DESTROYED',
    'UND_ERR_CLOSED',
    'UND_ERR_NOT_SUPPORTED',
    'UND_ERR_BPL_MISSING_UPSTREAM',
    'UND_ERR_REQ_RETRY',
    'UND_ERR_MAX_ORIGINS_REACHED',
    'UND_ERR_SOCKS5',
    'UND_ERR_WS_MESSAGE_SIZE_EXCEEDED',
  ];
  const codes = Object.values(errors).map((ErrorClass) => {
    const instance = new (ErrorClass as new (...args: unknown[]) => Error & { code?: string })(
      'x',
      undefined,
      {},
    );
    return instance.code ?? instance.name;
  });

  it.each([...new Set(codes)])('%s has a reason of its own, or is not one of a POST', (code) => {
    expect(reasonOfNetworkError(code) === 'network').toBe(NOT_OF_A_POST.includes(code));
  });
});
