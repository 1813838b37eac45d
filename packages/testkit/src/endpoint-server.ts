import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ReceivedRequest {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
  /** Which TCP connection, counted from 1. */
  readonly connection: number;
}

export interface TestEndpoint {
  /** `http://127.0.0.1:port` */
  readonly origin: string;
  readonly requests: readonly ReceivedRequest[];
  readonly connections: () => number;
  /** The most requests that were under way at a time. */
  readonly maxInFlight: () => number;
  /** From now on requests are answered by this. */
  answerWith(answer: Answer): void;
  stop(): Promise<void>;
}

/** Answers, misbehaves, or does nothing at all. */
export type Answer = (request: ReceivedRequest, response: ServerResponse) => void;

export const accept: Answer = (_request, response) => void response.writeHead(201).end('{}');

export function status(code: number, headers: Record<string, string> = {}, body = ''): Answer {
  return (_request, response) => void response.writeHead(code, headers).end(body);
}

/** A scriptable endpoint inside the test's process; accepts everything until told otherwise. */
export async function startEndpoint(): Promise<TestEndpoint> {
  const requests: ReceivedRequest[] = [];
  const connectionOf = new WeakMap<object, number>();
  let connections = 0;
  let inFlight = 0;
  let maxInFlight = 0;
  let answer = accept;

  const server = createServer(async (incoming, response) => {
    inFlight += 1;
    maxInFlight = Math.max(maxInFlight, inFlight);
    response.once('close', () => {
      inFlight -= 1;
    });
    const body = await wholeBody(incoming);
    if (body === null) return;
    const request = {
      path: incoming.url ?? '',
      headers: incoming.headers,
      body,
      connection: connectionOf.get(incoming.socket) ?? 0,
    };
    requests.push(request);
    answer(request, response);
  });
  server.on('connection', (socket) => {
    connections += 1;
    connectionOf.set(socket, connections);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    connections: () => connections,
    maxInFlight: () => maxInFlight,
    answerWith(next) {
      answer = next;
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Null when the client went away before the end. */
async function wholeBody(incoming: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of incoming) chunks.push(chunk);
    return Buffer.concat(chunks);
  } catch {
    return null;
  }
}
