import type { Accepted, Acknowledged, Ledger } from './ledger.js';

export interface LedgerReport {
  readonly acknowledged: number;
  /** Different events. */
  readonly accepted: number;
  readonly dead: number;
  /** Acceptances beyond the first of an event. */
  readonly duplicates: number;
  readonly duplicatesAllowed: number;
  /** Acknowledged, neither accepted nor dead, and covered by a breakage that may lose. */
  readonly lostAsAnnounced: number;
  readonly inversions: number;
  /** What must not be. Empty: the promise was kept. */
  readonly violations: readonly Violation[];
}

export type Violation =
  | { readonly kind: 'lost'; readonly event: string; readonly call: string }
  | { readonly kind: 'too many duplicates'; readonly found: number; readonly allowed: number }
  /** Within a call `later` was accepted before `earlier`, though it was sent after it. */
  | { readonly kind: 'inversion'; readonly call: string; readonly earlier: string; readonly later: string }
  /** Two requests of one event were under way at a time. */
  | { readonly kind: 'overlap'; readonly event: string }
  /** A request of a call was under way while an earlier one of the same call was. */
  | { readonly kind: 'crowded call'; readonly call: string; readonly event: string }
  /** A dead letter that its cause does not lead to until the index is healed. */
  | { readonly kind: 'unindexed'; readonly event: string };

/**
 * A busy producer notes so late what was acknowledged before the breakage. For as long nothing new is acknowledged after one
 * that may lose.
 */
export const NOTED_WITHIN_MS = 200;

/**
 * Whether the promise was kept: every acknowledged event was accepted or is a dead letter; no more was repeated than was
 * in flight when something broke, or than the endpoint itself left unanswered; and the first acceptances of each call
 * are in the order in which its events were acknowledged.
 */
export function checkLedger({ acknowledged, accepted, breakages, dead }: Ledger): LedgerReport {
  const first = firstAcceptances(accepted);
  const isDead = new Set(dead.map(({ event }) => event));
  const mayMissEntries = breakages.some(({ refusesWrites }) => refusesWrites);
  const unindexed = dead.filter(({ isIndexed }) => !isIndexed && !mayMissEntries);
  const missing = acknowledged.filter(({ event }) => !first.has(event) && !isDead.has(event));
  const mayBeLost = ({ atMs }: Acknowledged) =>
    breakages.some(
      ({ mayLoseSinceMs, atMs: brokeAtMs }) =>
        mayLoseSinceMs !== null && mayLoseSinceMs <= atMs && atMs <= brokeAtMs + NOTED_WITHIN_MS,
    );
  const lost = missing.filter((one) => !mayBeLost(one));
  const duplicates = accepted.length - first.size;
  const duplicatesAllowed =
    breakages.reduce((sum, { inFlight }) => sum + inFlight, 0) +
    accepted.filter(({ isAnswered }) => !isAnswered).length;
  const inversions = inversionsOf(acknowledged, first);
  const mayOverlap = breakages.some(({ cutsRequests }) => cutsRequests);
  const crowded = accepted.filter(({ underWay, ofCallUnderWay }) => !mayOverlap && ofCallUnderWay > underWay);
  const overlaps = accepted.filter(({ underWay }) => !mayOverlap && underWay > 1);
  return {
    acknowledged: acknowledged.length,
    accepted: first.size,
    dead: isDead.size,
    duplicates,
    duplicatesAllowed,
    lostAsAnnounced: missing.length - lost.length,
    inversions: inversions.length,
    violations: [
      ...lost.map(({ event, call }) => ({ kind: 'lost', event, call }) as const),
      ...(duplicates > duplicatesAllowed
        ? [{ kind: 'too many duplicates', found: duplicates, allowed: duplicatesAllowed } as const]
        : []),
      ...inversions,
      ...overlaps.map(({ event }) => ({ kind: 'overlap', event }) as const),
      ...unindexed.map(({ event }) => ({ kind: 'unindexed', event }) as const),
      ...crowded.map(({ call, event }) => ({ kind: 'crowded call', call, event }) as const),
    ],
  };
}

/** By event: its place among all acceptances. */
function firstAcceptances(accepted: readonly Accepted[]): Map<string, number> {
  const first = new Map<string, number>();
  accepted.forEach(({ event }, place) => {
    if (!first.has(event)) first.set(event, place);
  });
  return first;
}

function inversionsOf(
  acknowledged: readonly Acknowledged[],
  first: ReadonlyMap<string, number>,
): (Violation & { kind: 'inversion' })[] {
  const lastOfCall = new Map<string, { event: string; place: number }>();
  return acknowledged.flatMap(({ event, call }) => {
    const place = first.get(event);
    if (place === undefined) return [];
    const before = lastOfCall.get(call);
    if (before !== undefined && before.place > place) {
      return [{ kind: 'inversion', call, earlier: before.event, later: event } as const];
    }
    lastOfCall.set(call, { event, place });
    return [];
  });
}
