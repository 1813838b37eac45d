/** What became of a request; by what was answered, not by what was stored: a `reset_after` is `misbehaved`. */
type Outcome = 'accepted' | 'duplicate' | 'refused' | 'misbehaved';

export interface Decision {
  readonly outcome: Outcome;
  /** Null when no status line is sent. */
  readonly status: number | null;
}

export interface RequestFacts {
  /** Null when the body has none. */
  readonly id: string | null;
  readonly thread: string | null;
  /** Null when the body could not be read. */
  readonly signatureValid: boolean | null;
  /** When its body had arrived, Unix ms. */
  readonly atMs: number;
  /** The same moment on the monotonic clock. */
  readonly startedMs: number;
  /** Name of the rule that was used; null without one. */
  readonly rule: string | null;
  /** Which TCP connection, counted from 1. */
  readonly connection: number;
}

export interface LoggedRequest extends RequestFacts {
  /** 1 for the first. */
  readonly sequence: number;
  /** Null while a rule's latency lasts. */
  decision: Decision | null;
  /** On the monotonic clock; null while the answer, or the hanging, lasts. */
  endedMs: number | null;
}

/** The newest requests in order of arrival, in a ring of `capacity`; and counts of all. */
export class RequestLog {
  readonly #capacity: number;
  readonly #ring: LoggedRequest[] = [];
  #total = 0;
  readonly counts = { refused: 0, misbehaved: 0, badSignatures: 0, invalid: 0 };

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get total(): number {
    return this.#total;
  }

  begin(facts: RequestFacts): LoggedRequest {
    const request = { ...facts, sequence: this.#total + 1, decision: null, endedMs: null };
    this.#ring[this.#total % this.#capacity] = request;
    this.#total += 1;
    if (facts.signatureValid === false) this.counts.badSignatures += 1;
    return request;
  }

  decide(request: LoggedRequest, decision: Decision): void {
    request.decision = decision;
    if (decision.outcome === 'misbehaved') this.counts.misbehaved += 1;
    if (decision.outcome !== 'refused') return;
    this.counts.refused += 1;
    if (decision.status !== 401) this.counts.invalid += 1;
  }

  /** @param id null for the requests of every id */
  list(id: string | null): LoggedRequest[] {
    const oldest = this.#total > this.#capacity ? this.#total % this.#capacity : 0;
    const inOrder = [...this.#ring.slice(oldest), ...this.#ring.slice(0, oldest)];
    return id === null ? inOrder : inOrder.filter((request) => request.id === id);
  }
}

/**
 * A request as the control API and the log line show it; null before it is decided.
 *
 * @param nowMs on the monotonic clock, for a request that has not ended
 */
export function requestView(request: LoggedRequest, nowMs: number) {
  if (request.decision === null) return null;
  return {
    sequence: request.sequence,
    atMs: request.atMs,
    id: request.id,
    thread: request.thread,
    outcome: request.decision.outcome,
    status: request.decision.status,
    rule: request.rule,
    signatureValid: request.signatureValid === true,
    durationMs: Math.round(((request.endedMs ?? nowMs) - request.startedMs) * 10) / 10,
    connection: request.connection,
  };
}

export type RequestView = NonNullable<ReturnType<typeof requestView>>;
