import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/*
 * What happened, as three parties wrote it down, each in a file of JSON lines of its own: the producer what was
 * acknowledged to it, the endpoint what it accepted, and the suite what it broke and which dead letters there were in
 * the end. The checker reads nothing else.
 */

/** One event that Redis acknowledged. Those of one call are in the order in which they were sent. */
export interface Acknowledged {
  readonly event: string;
  readonly call: string;
  /** Unix ms. */
  readonly atMs: number;
}

/** One acceptance by the endpoint, in its order. */
export interface Accepted {
  readonly event: string;
  readonly call: string;
  readonly atMs: number;
  /** False when the endpoint broke its answer off, or nobody waited for it any more. */
  readonly isAnswered: boolean;
  /** Requests of this event that were under way, this one included. */
  readonly underWay: number;
  /** Requests of this call that were under way, this one included. */
  readonly ofCallUnderWay: number;
}

/** Something that was broken. */
export interface Breakage {
  readonly what: string;
  readonly atMs: number;
  /** How many attempts were in flight, whose outcome may have got lost: so many may be repeated. */
  readonly inFlight: number;
  /** Where a disk or a failover may lose what was acknowledged from then until `atMs`; null: nothing may be lost. */
  readonly mayLoseSinceMs: number | null;
  /** Redis refused writes for a while, and so perhaps an entry of the index, which is only a hint and heals. */
  readonly refusesWrites: boolean;
  /** Requests were cut off, so that the endpoint may still work on one while the worker sends it again. */
  readonly cutsRequests: boolean;
}

/** A dead letter there was in the end. */
export interface Dead {
  readonly event: string;
  /** Whether it could be found by its cause without any healing: it was indexed before it was moved. */
  readonly isIndexed: boolean;
}

export interface Ledger {
  readonly acknowledged: readonly Acknowledged[];
  readonly accepted: readonly Accepted[];
  readonly breakages: readonly Breakage[];
  readonly dead: readonly Dead[];
}

export const FILES = {
  acknowledged: 'acknowledged.ndjson',
  accepted: 'accepted.ndjson',
  breakages: 'breakages.ndjson',
  dead: 'dead.ndjson',
} as const;

/** A line that was cut off by kill -9 of its writer, which can only be the last before a new start, is left out. */
export function readLines<T>(file: string): T[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap(parsed<T>);
}

function parsed<T>(line: string): T[] {
  try {
    return line === '' ? [] : [JSON.parse(line) as T];
  } catch {
    return [];
  }
}

export function readLedger(folder: string): Ledger {
  const read = <T>(name: keyof typeof FILES) => readLines<T>(join(folder, FILES[name]));
  return {
    acknowledged: read('acknowledged'),
    accepted: read('accepted'),
    breakages: read('breakages'),
    dead: read('dead'),
  };
}
