/** What bounds the simulator's memory. Beyond a limit the oldest is forgotten first. */
export interface Limits {
  /** Accepted events kept, and how many ids, calls and customers are remembered. */
  readonly events: number;
  /** Bodies of the kept events together. */
  readonly bodyBytes: number;
  /** Newest requests kept. */
  readonly requests: number;
}

export const DEFAULT_LIMITS: Limits = {
  events: 200_000,
  bodyBytes: 512 * 1_048_576,
  requests: 100_000,
};

/** A larger request body is answered 413. */
export const MAX_BODY_BYTES = 1_048_576;
