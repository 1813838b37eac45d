import { setMaxListeners } from 'node:events';
import { type FastifyInstance, fastify } from 'fastify';
import type { AttendOptions } from './attendance.js';
import { controlRoutes } from './control-routes.js';
import { takeRawBodies } from './http-body.js';
import { MAX_BODY_BYTES } from './limits.js';
import { voiceRoute } from './voice-route.js';

/** Closing it ends every connection at once, those that hang too. */
export function buildServer(options: AttendOptions): FastifyInstance {
  const app = fastify({ bodyLimit: MAX_BODY_BYTES, forceCloseConnections: true });
  const closing = new AbortController();
  setMaxListeners(0, closing.signal);
  app.addHook('preClose', async () => closing.abort());

  takeRawBodies(app);
  voiceRoute(app, { ...options, closing: closing.signal });
  controlRoutes(app, options.simulator);
  app.setNotFoundHandler((request, reply) =>
    reply.code(404).send({ error: `there is no ${request.method} ${request.url.split('?', 1)[0]} here` }),
  );
  return app;
}
