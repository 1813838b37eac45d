import type { ChannelSecrets } from './channel-secrets.js';
import type { Clock } from './clock.js';
import { InFlight } from './in-flight.js';
import type { Limits } from './limits.js';
import { Received } from './received.js';
import { RuleBook } from './rule-book.js';

export interface SimulatorOptions {
  readonly secrets: ChannelSecrets;
  /** Whether an id that was accepted before is left as it is; otherwise it is stored again. */
  readonly dedup: boolean;
  readonly clock: Clock;
  readonly limits: Limits;
}

/** What the simulator knows, without any HTTP. */
export class Simulator {
  readonly secrets: ChannelSecrets;
  readonly clock: Clock;
  readonly rules: RuleBook;
  readonly inFlight = new InFlight();
  readonly #options: SimulatorOptions;
  #received: Received;

  constructor(options: SimulatorOptions) {
    this.secrets = options.secrets;
    this.clock = options.clock;
    this.rules = new RuleBook(options.limits.events);
    this.#options = options;
    this.#received = new Received(options);
  }

  /**
   * A request holds on to the one it began with, so that what was under way when everything was forgotten does not
   * turn up among what comes afterwards.
   */
  get received(): Received {
    return this.#received;
  }

  /** Rules and secrets stay. */
  forget(): void {
    this.#received = new Received(this.#options);
    this.inFlight.forgetMax();
  }

  summary() {
    return { ...this.#received.summary(), inFlight: this.inFlight.now, maxInFlight: this.inFlight.max };
  }
}
