import { setTimeout as delay } from 'node:timers/promises';
import { SIGNATURE_HEADER } from '@callpost/signature';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type AttendOptions, attend } from './attendance.js';
import { bodyOf } from './http-body.js';
import { misbehave } from './misbehave.js';
import { settle } from './settle.js';
import { readVoiceRequest } from './voice-request.js';

export const VOICE_PATH = '/incoming/voice';

export interface VoiceRouteOptions extends AttendOptions {
  /** Aborted when the server closes: no latency outlasts it. */
  readonly closing: AbortSignal;
}

/** The channel itself: read the request, find its rule, wait, then answer as Re:amaze would or misbehave. */
export function voiceRoute(app: FastifyInstance, options: VoiceRouteOptions): void {
  const { simulator, closing } = options;

  const receive = async (http: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const request = readVoiceRequest(
      { bytes: bodyOf(http), signature: signatureOf(http) },
      simulator.secrets,
    );
    const rule = simulator.rules.use(request);
    const { id, thread, signatureValid } = request;
    const facts = { id, thread, signatureValid, rule: rule?.name ?? null };
    const { received, decide } = attend({ http, reply, facts }, options);

    if (rule?.latencyMs) await delay(rule.latencyMs, undefined, { signal: closing }).catch(() => undefined);

    const nowMs = simulator.clock.nowMs();
    const settlement = settle(request, { rule, received, nowMs });
    decide(settlement.decision);
    if (settlement.kind === 'answer') return reply.code(settlement.decision.status).send(settlement.answer);
    reply.hijack();
    misbehave(settlement.misbehaviour, reply.raw, nowMs);
    return reply;
  };

  /** A body too large, cut off, or of a content type that is none: nothing of it was read. */
  const refuseUnread = (error: FastifyError, http: FastifyRequest, reply: FastifyReply): void => {
    const status = error.statusCode ?? 500;
    const facts = { id: null, thread: null, signatureValid: null, rule: null };
    attend({ http, reply, facts }, options).decide({ outcome: 'refused', status });
    reply.code(status).send({ error: error.message });
  };

  app.post(VOICE_PATH, { errorHandler: refuseUnread }, receive);
}

function signatureOf(http: FastifyRequest): string | null {
  const value = http.headers[SIGNATURE_HEADER.toLowerCase()];
  return typeof value === 'string' ? value : null;
}
