import { SIGNATURE_HEADER, sign, signingKey } from '@callpost/signature';
import { Agent, type Dispatcher, request } from 'undici';
import { onTestFinished } from 'vitest';
import { ChannelSecrets, type SecretChanges } from '../src/channel-secrets.js';
import { DEFAULT_LIMITS, type Limits } from '../src/limits.js';
import type { RequestView } from '../src/request-log.js';
import { buildServer } from '../src/server.js';
import { Simulator } from '../src/simulator.js';

export const SECRET = 'the-shared-secret';
export const CHANNEL = '+16501234567';
export const CUSTOMER = '+15105559999';

export interface SimulatorSetup {
  readonly secrets?: SecretChanges['secrets'];
  readonly dedup?: boolean;
  readonly limits?: Partial<Limits>;
}

/** What a test may change about a signed POST. */
export interface SendOptions {
  readonly secret?: string;
  /** Null: no header at all. */
  readonly signature?: string | null;
  readonly contentType?: string | null;
  readonly signal?: AbortSignal;
}

export interface Answer {
  readonly status: number;
  readonly headers: Dispatcher.ResponseData['headers'];
  /** Parsed where it is JSON. */
  readonly body: unknown;
}

/** A simulator on a free port with a clock of its own, closed when the test ends; and a client for it. */
export async function startSimulator({ secrets, dedup = false, limits }: SimulatorSetup = {}) {
  const finished: RequestView[] = [];
  let nowMs = Date.UTC(2026, 0, 5, 12);
  const server = buildServer({
    simulator: new Simulator({
      secrets: new ChannelSecrets({ secret: SECRET, secrets }),
      dedup,
      clock: { nowMs: () => nowMs, monotonicMs: () => performance.now() },
      limits: { ...DEFAULT_LIMITS, ...limits },
    }),
    onFinished: (view) => finished.push(view),
  });
  const url = await server.listen({ host: '127.0.0.1', port: 0 });
  /** Call events go over one connection as long as that lasts, so that tests can tell which it was. */
  const channel = new Agent({ connections: 1 });
  const dispatcher = new Agent();
  onTestFinished(async () => {
    await server.close();
    await channel.destroy();
    await dispatcher.destroy();
  });

  const open = (content: object | Buffer, options: SendOptions = {}) => {
    const body = Buffer.isBuffer(content) ? content : Buffer.from(JSON.stringify(content));
    const signature =
      options.signature === undefined ? sign(body, signingKey(options.secret ?? SECRET)) : options.signature;
    const contentType = options.contentType === undefined ? 'application/json' : options.contentType;
    return request(`${url}/incoming/voice`, {
      method: 'POST',
      body,
      headers: {
        ...(contentType === null ? {} : { 'content-type': contentType }),
        ...(signature === null ? {} : { [SIGNATURE_HEADER]: signature }),
      },
      dispatcher: channel,
      signal: options.signal ?? null,
    });
  };

  const control = async (method: 'GET' | 'PUT' | 'DELETE', path: string, body?: unknown) => {
    const text = body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body);
    return read(await request(`${url}/_simulator/${path}`, { method, body: text, dispatcher }));
  };

  return {
    url,
    close: () => server.close(),
    /** Every request the server was done with. */
    finished,
    /** The answer as soon as its headers are here. */
    open,
    send: async (content: object | Buffer, options?: SendOptions) => read(await open(content, options)),
    control,
    /** The body of a GET. */
    get: async <Body>(path: string) => (await control('GET', path)).body as Body,
    useRules: async (...rules: readonly object[]) => {
      const { status, body } = await control('PUT', 'rules', { rules });
      if (status !== 200) throw new Error(`rules refused: ${JSON.stringify(body)}`);
    },
    advanceMs: (ms: number) => {
      nowMs += ms;
    },
    nowMs: () => nowMs,
  };
}

export type TestSimulator = Awaited<ReturnType<typeof startSimulator>>;

/** A valid inbound event of call `thread-1`. */
export function callEvent(id: string, fields: object = {}) {
  return {
    id,
    to: { phone: CHANNEL },
    from: { phone: CUSTOMER },
    body: 'Call started - inbound - queue Billing',
    thread_id: 'thread-1',
    ...fields,
  };
}

async function read(response: Dispatcher.ResponseData): Promise<Answer> {
  const text = await response.body.text();
  const isJson = String(response.headers['content-type']).startsWith('application/json');
  return {
    status: response.statusCode,
    headers: response.headers,
    body: isJson && text !== '' ? JSON.parse(text) : text,
  };
}

/** The code of the error a promise is rejected with, or its name; fails when the promise is fulfilled. */
export async function errorCode(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    const { code, name } = error as Error & { code?: unknown };
    return typeof code === 'string' ? code : name;
  }
  throw new Error('the promise was fulfilled');
}

/** Waits for a condition of the outside world, at most 10 s. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + 10_000;
  while (!(await condition())) {
    if (performance.now() > deadlineMs) throw new Error('the condition did not come true within 10 s');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
