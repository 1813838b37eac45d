import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Misbehaviour, statusOf } from './action.js';
import { SIGNATURE_WRONG } from './refusal.js';

/** Sent of a body whose content-length promises more. */
const PARTIAL_BODY = '{"id":"';
const PROMISED_BYTES = 1_000;
const CHUNK_BYTES = 65_536;

/**
 * Does on the bare response and its socket what no HTTP framework would do. A sender that has left already is spared.
 *
 * @param nowMs Unix ms, for a `Retry-After` in the form of a date
 */
export function misbehave(misbehaviour: Misbehaviour, response: ServerResponse, nowMs: number): void {
  const { socket } = response;
  if (socket === null || socket.destroyed) return;
  const status = statusOf(misbehaviour) ?? 0;
  switch (misbehaviour.kind) {
    case 'hang':
      return;
    case 'reset_before':
    case 'reset_after':
      socket.resetAndDestroy();
      return;
    case 'garbage':
      socket.write('\x00\x16\x03 this is not HTTP\r\n\r\n');
      socket.destroySoon();
      return;
    case 'hang_body':
      writePart(response, status);
      return;
    case 'truncated':
      writePart(response, status, () => socket.destroySoon());
      return;
    case 'huge':
      stream(response, status, misbehaviour.bytes);
      return;
    case 'rate_limit':
      answer(response, status, { 'retry-after': retryAfter(misbehaviour.retryAfter, nowMs) });
      return;
    case 'redirect':
      answer(response, status, { location: misbehaviour.location });
      return;
    case 'wrong_secret':
      answer(response, status, { 'content-type': JSON_TYPE }, JSON.stringify(SIGNATURE_WRONG.answer));
      return;
    case 'status':
      answer(response, status, misbehaviour.headers ?? {}, misbehaviour.body);
  }
}

const JSON_TYPE = 'application/json; charset=utf-8';

/** A header without a value is left out. Without a body there is one that says where the status comes from. */
function answer(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string | undefined>>,
  body?: string,
): void {
  response.statusCode = status;
  response.setHeader('content-type', body === undefined ? JSON_TYPE : 'text/plain; charset=utf-8');
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) response.setHeader(name, value);
  }
  response.end(body ?? JSON.stringify({ error: `the simulator was told to answer ${status}` }));
}

function writePart(response: ServerResponse, status: number, written?: () => void): void {
  response.writeHead(status, { 'content-type': JSON_TYPE, 'content-length': PROMISED_BYTES });
  response.write(PARTIAL_BODY, written);
}

/** A sender that stops reading ends the stream; that is its good right. */
function stream(response: ServerResponse, status: number, bytes: number): void {
  response.writeHead(status, { 'content-type': 'text/plain', 'content-length': bytes });
  pipeline(Readable.from(chunksOf(bytes)), response).catch(() => undefined);
}

function* chunksOf(bytes: number): Generator<Buffer> {
  const chunk = Buffer.alloc(CHUNK_BYTES, 'x');
  for (let left = bytes; left > 0; left -= CHUNK_BYTES) yield chunk.subarray(0, left);
}

type RetryAfter = Extract<Misbehaviour, { kind: 'rate_limit' }>['retryAfter'];

function retryAfter(asked: RetryAfter, nowMs: number): string | undefined {
  if (asked === undefined) return undefined;
  if (asked.form === 'seconds') return String(asked.seconds);
  return new Date(nowMs + asked.seconds * 1_000).toUTCString();
}
