import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What Alertmanager told a receiver. */
interface Notification {
  /** The path it was sent to: `page`, `ticket`, `watchdog`. */
  readonly receiver: string;
  readonly atMs: number;
  readonly status: 'firing' | 'resolved';
  readonly alerts: readonly {
    readonly status: 'firing' | 'resolved';
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  }[];
}

export interface Receiver {
  readonly origin: string;
  readonly notifications: readonly Notification[];
  stop(): Promise<void>;
}

/** What wakes people, in place of the real thing. */
export async function startReceiver(): Promise<Receiver> {
  const notifications: Notification[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const message = JSON.parse(Buffer.concat(chunks).toString()) as Notification;
    notifications.push({ ...message, receiver: (request.url ?? '').slice(1), atMs: Date.now() });
    response.end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    notifications,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
