import { plural } from '@callpost/domain';
import type { SampleEvent } from './sample-calls.js';
import type { Troubles } from './troubles.js';

/** What is known of the sent events, each from whoever knows best. */
export interface Evidence {
  readonly sent: readonly SampleEvent[];
  readonly troubles: Troubles;
  /** Dead letters, by event id, as the queue has them. */
  readonly deadIds: ReadonlySet<string>;
  /** How often each event was accepted, as the simulator counted. */
  readonly acceptances: ReadonlyMap<string, number>;
  /** Events that needed more than one attempt, as the worker told. */
  readonly retriedIds: ReadonlySet<string>;
  /** As the simulator saw them. */
  readonly badSignatures: number;
  readonly outOfOrder: number;
}

export interface Summary {
  readonly sent: number;
  readonly delivered: number;
  readonly deliveredTwice: number;
  readonly retried: number;
  readonly dead: number;
  readonly outOfOrder: number;
  readonly badSignatures: number;
  /** What is not as it should be, in words; empty when all is well. */
  readonly complaints: readonly string[];
}

/** Whether every event is delivered or dead; until then there is nothing to sum up. */
export function isSettled({
  sent,
  deadIds,
  acceptances,
}: Pick<Evidence, 'sent' | 'deadIds' | 'acceptances'>) {
  return sent.every(({ event }) => deadIds.has(event.id) || acceptances.has(event.id));
}

export function summarise(evidence: Evidence): Summary {
  const { sent, deadIds, acceptances, retriedIds } = evidence;
  const count = (test: (id: string) => boolean) => sent.filter(({ event }) => test(event.id)).length;
  return {
    sent: sent.length,
    delivered: count((id) => acceptances.has(id) && !deadIds.has(id)),
    deliveredTwice: count((id) => (acceptances.get(id) ?? 0) > 1),
    retried: count((id) => retriedIds.has(id)),
    dead: count((id) => deadIds.has(id)),
    outOfOrder: evidence.outOfOrder,
    badSignatures: evidence.badSignatures,
    complaints: complaintsOf(evidence),
  };
}

function complaintsOf({
  sent,
  troubles,
  deadIds,
  acceptances,
  outOfOrder,
  badSignatures,
}: Evidence): string[] {
  const ids = sent.map(({ event }) => event.id);
  const isRefused = (id: string) => troubles.get(id) === 'refused';
  const about = (what: string, culprits: readonly string[]) =>
    culprits.length === 0 ? [] : [`${plural(culprits.length, 'event')} ${what}: ${someOf(culprits)}`];
  return [
    ...about(
      'neither delivered nor dead',
      ids.filter((id) => !deadIds.has(id) && !acceptances.has(id)),
    ),
    ...about(
      'dead though nothing was wrong with it',
      ids.filter((id) => deadIds.has(id) && !isRefused(id)),
    ),
    ...about(
      'accepted though it was to be refused with 422',
      ids.filter((id) => isRefused(id) && !deadIds.has(id) && acceptances.has(id)),
    ),
    ...about(
      'dead but accepted all the same',
      ids.filter((id) => deadIds.has(id) && acceptances.has(id)),
    ),
    ...about(
      'accepted more than once without need',
      ids.filter((id) => (acceptances.get(id) ?? 0) > 1 && troubles.get(id) !== 'reset'),
    ),
    ...(outOfOrder === 0 ? [] : [`${plural(outOfOrder, 'event')} came after a later one of the same call`]),
    ...(badSignatures === 0 ? [] : [`${plural(badSignatures, 'request')} with a bad signature`]),
  ];
}

const NAMED_AT_MOST = 5;

function someOf(ids: readonly string[]): string {
  return ids.slice(0, NAMED_AT_MOST).join(', ') + (ids.length > NAMED_AT_MOST ? ', …' : '');
}
