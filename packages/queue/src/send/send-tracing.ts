import { maskText } from '@callpost/domain';
import type * as OpenTelemetry from '@opentelemetry/api';

/** The span of handing one event over. */
export interface SendSpan {
  /** Rides with the event, in the option of BullMQ's own telemetry, so that each attempt at it joins the same trace. */
  readonly carrier: string;
  end(answer: 'accepted' | 'duplicate' | 'not_acknowledged'): void;
}

/** Opens the spans of a producer. */
export interface SendTracing {
  send(event: { readonly channel: string; readonly eventId: string }): SendSpan;
}

/**
 * Traces by the OpenTelemetry of the producer's own process: a span for each event, below the span that is active. The
 * package `@opentelemetry/api` is passed in, so that nobody who does not trace has to install it.
 *
 * @param api `import * as api from '@opentelemetry/api'`; a provider and a propagator are registered by its user
 */
export function createSendTracing(api: typeof OpenTelemetry): SendTracing {
  const tracer = api.trace.getTracer('@callpost/queue');
  return {
    send({ channel, eventId }) {
      const active = api.context.active();
      const span = tracer.startSpan(
        'send',
        { kind: api.SpanKind.PRODUCER, attributes: about(channel, eventId) },
        active,
      );
      const headers: Record<string, string> = {};
      api.propagation.inject(api.trace.setSpan(active, span), headers);
      return {
        carrier: JSON.stringify(headers),
        end(answer) {
          span.setAttribute('callpost.answer', answer);
          if (answer === 'not_acknowledged')
            span.setStatus({ code: api.SpanStatusCode.ERROR, message: answer });
          span.end();
        },
      };
    },
  };
}

function about(channel: string, eventId: string): OpenTelemetry.Attributes {
  return {
    'messaging.system': 'bullmq',
    'messaging.destination.name': `voice-${channel}`,
    'callpost.channel': channel,
    // Ids are the phone system's own, and some are made of phone numbers.
    'messaging.message.id': maskText(eventId),
  };
}
