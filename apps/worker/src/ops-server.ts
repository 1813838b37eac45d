import fastify, { type FastifyInstance } from 'fastify';
import type { Health } from './health.js';

export interface OpsServerOptions {
  readonly live: Health;
  readonly ready: Health;
  readonly metrics: () => Promise<{ contentType: string; text: string }>;
}

/** `/metrics`, `/livez` and `/readyz`: 200, or 503 with the reason in plain text. */
export function createOpsServer({ live, ready, metrics }: OpsServerOptions): FastifyInstance {
  const server = fastify({ logger: false, forceCloseConnections: true });
  for (const [path, health] of [
    ['/livez', live],
    ['/readyz', ready],
  ] as const) {
    server.get(path, async (_request, reply) => {
      const trouble = await health();
      return reply
        .code(trouble === null ? 200 : 503)
        .type('text/plain')
        .send(`${trouble ?? 'ok'}\n`);
    });
  }
  server.get('/metrics', async (_request, reply) => {
    const { contentType, text } = await metrics();
    return reply.header('content-type', contentType).send(text);
  });
  return server;
}
