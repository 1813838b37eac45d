import { type Fault, faultsOf } from '@callpost/domain';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { secretSchema, secretsByPhoneSchema } from './channel-secrets.js';
import type { Conversation } from './conversations.js';
import { bodyOf } from './http-body.js';
import { parseJson } from './json.js';
import { type JsonListOptions, jsonList } from './json-list.js';
import { eventView } from './kept-events.js';
import { requestView } from './request-log.js';
import { parseRules } from './rule.js';
import type { Simulator } from './simulator.js';

const filterSchema = z.object({ id: z.string().optional(), thread: z.string().optional() }).catch({});

const secretChangesSchema = z.strictObject(
  { secret: secretSchema.optional(), secrets: secretsByPhoneSchema.optional() },
  'an object with no other fields than secret, secrets',
);

/** How a test or a person makes the simulator misbehave and asks what it received. */
export function controlRoutes(app: FastifyInstance, simulator: Simulator): void {
  app.get('/_simulator/health', () => ({ ok: true }));
  app.get('/_simulator/summary', () => simulator.summary());

  app.get('/_simulator/rules', () => ({ rules: simulator.rules.list() }));
  app.put('/_simulator/rules', (http, reply) => {
    const parsed = parseRules(jsonOf(http));
    if (!parsed.ok) return refuse(reply, parsed.faults);
    simulator.rules.replace(parsed.rules);
    return reply.send({ rules: simulator.rules.list() });
  });

  app.put('/_simulator/secrets', (http, reply) => {
    const input = jsonOf(http);
    const parsed = secretChangesSchema.safeParse(input);
    if (!parsed.success) return refuse(reply, faultsOf(parsed.error, input, 'body'));
    simulator.secrets.rotate(parsed.data);
    return reply.send({ ok: true });
  });

  app.get('/_simulator/events', (http, reply) => {
    const items = simulator.received.events.list(filterSchema.parse(http.query));
    return sendList(reply, { name: 'events', items, view: eventView });
  });
  app.delete('/_simulator/events', () => {
    simulator.forget();
    return { ok: true };
  });

  app.get('/_simulator/requests', (http, reply) => {
    const { id } = filterSchema.parse(http.query);
    const nowMs = simulator.clock.monotonicMs();
    const logged = simulator.received.requests.list(id ?? null);
    const items = logged.map((request) => requestView(request, nowMs)).filter((view) => view !== null);
    return sendList(reply, { name: 'requests', items, view: (request) => request });
  });

  app.get('/_simulator/conversations', (_http, reply) => {
    const items = simulator.received.conversations.list();
    return sendList(reply, { name: 'conversations', items, view: conversationView });
  });
}

/** Undefined for what is not JSON, which every schema then refuses. */
function jsonOf(http: FastifyRequest): unknown {
  const json = parseJson(bodyOf(http));
  return json.ok ? json.value : undefined;
}

function refuse(reply: FastifyReply, faults: readonly Fault[]): FastifyReply {
  return reply.code(400).send({ faults });
}

function sendList<Item>(reply: FastifyReply, list: JsonListOptions<Item>): FastifyReply {
  return reply.type('application/json; charset=utf-8').send(jsonList(list));
}

function conversationView(conversation: Conversation): object {
  return { ...conversation, events: [...conversation.events] };
}
