import { finished } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Received } from './received.js';
import { type Decision, type RequestFacts, type RequestView, requestView } from './request-log.js';
import type { Simulator } from './simulator.js';

export interface AttendOptions {
  readonly simulator: Simulator;
  /** Told of every request once it is decided and its answer is out, or its sender gone. */
  readonly onFinished: (request: RequestView) => void;
}

/** One request from the arrival of its body to its end. */
export interface Attendance {
  /** Where its event goes, even when everything else is forgotten in the meantime. */
  readonly received: Received;
  decide(decision: Decision): void;
}

/** Writes a request into the log, counts it as in flight until it ends, and notes how it was decided. */
export function attend(
  { http, reply, facts }: { http: FastifyRequest; reply: FastifyReply; facts: RequestContents },
  { simulator, onFinished }: AttendOptions,
): Attendance {
  const { clock, inFlight, received } = simulator;
  const logged = received.requests.begin({
    ...facts,
    atMs: clock.nowMs(),
    startedMs: clock.monotonicMs(),
    connection: received.connections.numberOf(http.raw.socket),
  });
  const report = () => {
    const view = requestView(logged, clock.monotonicMs());
    if (view !== null && logged.endedMs !== null) onFinished(view);
  };
  inFlight.begin();
  finished(reply.raw, () => {
    inFlight.end();
    logged.endedMs = clock.monotonicMs();
    report();
  });
  return {
    received,
    decide: (decision) => {
      received.requests.decide(logged, decision);
      report();
    },
  };
}

export type RequestContents = Pick<RequestFacts, 'id' | 'thread' | 'signatureValid' | 'rule'>;
