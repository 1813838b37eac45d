import { type IdGenerator, RandomIdGenerator } from '@opentelemetry/sdk-trace-base';

/** Random ids, but for the trace of the next span if it was planned. A sampler that goes by the id then decides alike. */
export interface PlannedIds extends IdGenerator {
  /** @param traceId 32 hexadecimal digits, for the next span that has no parent */
  planTrace(traceId: string): void;
}

export function createPlannedIds(): PlannedIds {
  const random = new RandomIdGenerator();
  let planned: string | null = null;
  return {
    planTrace(traceId) {
      planned = traceId;
    },
    generateTraceId() {
      const traceId = planned ?? random.generateTraceId();
      planned = null;
      return traceId;
    },
    generateSpanId: () => random.generateSpanId(),
  };
}
