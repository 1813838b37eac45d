import type { Limits } from './limits.js';

export interface KeptEvent {
  /** 1 for the first event accepted. */
  readonly sequence: number;
  /** First acceptance, Unix ms. */
  readonly atMs: number;
  readonly id: string;
  /** Null without `thread_id`. */
  readonly thread: string | null;
  readonly conversation: string;
  /** How often it was stored; stays 1 with dedup on. */
  acceptances: number;
  /** The raw body of the first acceptance. */
  readonly bytes: Buffer;
  readonly signature: string | null;
}

export interface EventFilter {
  readonly id?: string | undefined;
  readonly thread?: string | undefined;
}

/** The accepted events, one for each id, in order of first acceptance. */
export class KeptEvents {
  #sequence = 0;
  #bodyBytes = 0;
  readonly #limits: Limits;
  readonly #byId = new Map<string, KeptEvent>();

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** How many were ever kept. */
  get total(): number {
    return this.#sequence;
  }

  get(id: string): KeptEvent | undefined {
    return this.#byId.get(id);
  }

  /** @returns what had to be forgotten to make room */
  keep(event: Omit<KeptEvent, 'sequence' | 'acceptances'>): KeptEvent[] {
    this.#sequence += 1;
    this.#byId.set(event.id, { ...event, sequence: this.#sequence, acceptances: 1 });
    this.#bodyBytes += event.bytes.length;
    return this.#forgetExcess();
  }

  list({ id, thread }: EventFilter): KeptEvent[] {
    const found = id === undefined ? undefined : this.#byId.get(id);
    const candidates = id === undefined ? [...this.#byId.values()] : found === undefined ? [] : [found];
    return thread === undefined ? candidates : candidates.filter((event) => event.thread === thread);
  }

  #forgetExcess(): KeptEvent[] {
    const forgotten: KeptEvent[] = [];
    for (const oldest of this.#byId.values()) {
      if (this.#byId.size <= this.#limits.events && this.#bodyBytes <= this.#limits.bodyBytes) break;
      this.#byId.delete(oldest.id);
      this.#bodyBytes -= oldest.bytes.length;
      forgotten.push(oldest);
    }
    return forgotten;
  }
}

/** An event as the control API shows it. */
export function eventView({ bytes, ...event }: KeptEvent) {
  const parsed: unknown = JSON.parse(bytes.toString('utf8'));
  return { ...event, bodyBase64: bytes.toString('base64'), event: parsed };
}
