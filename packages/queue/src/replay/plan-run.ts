import { type Fault, mergePatch, parseCallEvent } from '@callpost/domain';
import type { DeadLetter } from '../letters/dead-letter.js';
import type { DeadLetterFilter } from '../letters/dead-letter-filter.js';
import { readDeadLetters } from '../letters/dead-letters.js';
import { countNewerDelivered } from '../letters/newer-delivered.js';
import type { RedisConnection } from '../redis.js';
import { mayLettersMove, readLayout } from '../shards/layout.js';
import { type PlannedLetter, writePlannedLetters } from './planned-letters.js';
import { type OnCallConflict, type ReplayRun, RUN_KEPT_MS, type RunPlan, readRun, runKeys } from './run.js';

export interface PlanOptions {
  readonly channel: string;
  readonly filter: DeadLetterFilter;
  readonly who: string;
  readonly comment?: string | null;
  /** Default 50. */
  readonly maxPerSecond?: number;
  /** Default 5 for more than 50 letters, else none. */
  readonly canary?: number;
  /** Default `hold`. */
  readonly onCallConflict?: OnCallConflict;
  readonly patch?: Readonly<Record<string, unknown>> | null;
  /** Unix ms. */
  readonly now: () => number;
  readonly newId: () => string;
}

export type PlanAnswer =
  | { readonly status: 'planned'; readonly run: ReplayRun; readonly sample: PlanSample }
  | { readonly status: 'no_match' }
  /** The patch makes an event of the plan invalid, or changes its id. */
  | { readonly status: 'invalid_patch'; readonly eventId: string | null; readonly faults: readonly Fault[] };

/** The first letter's event as it is and as it would be sent. */
export interface PlanSample {
  readonly before: unknown;
  readonly after: unknown;
}

const DEFAULT_PER_SECOND = 50;
const CANARY_FROM = 50;
const DEFAULT_CANARY = 5;

/** How many letters of a run are sent first when nobody says. */
export function defaultCanary(count: number): number {
  return count > CANARY_FROM ? DEFAULT_CANARY : 0;
}

/** Chooses the letters of a run, once: what dies later is not part of it. Nothing is sent before it is started. */
export async function planRun(redis: RedisConnection, options: PlanOptions): Promise<PlanAnswer> {
  const { channel, filter, patch = null } = options;
  const letters: PlannedLetter[] = [];
  const met = new Set<string>();
  let sample: PlanSample | null = null;
  // One that is moved between its homes while these are read may be seen at neither.
  const mayMove = mayLettersMove(await readLayout(redis, channel));
  let pass = 0;
  let found: number;
  do {
    pass += 1;
    found = 0;
    for await (const letter of readDeadLetters(redis, channel, filter)) {
      const { jobId, diedAtMs, enqueueOrder, call } = letter;
      if (met.has(jobId)) continue;
      const patched = patchedEvent(letter, patch);
      if (!patched.ok) return { status: 'invalid_patch', eventId: letter.eventId, faults: patched.faults };
      sample ??= { before: letter.event, after: patched.event };
      letters.push({ jobId, diedAtMs, enqueueOrder, call });
      met.add(jobId);
      found += 1;
    }
  } while (mayMove && (pass === 1 || found > 0));
  if (sample === null) return { status: 'no_match' };
  letters.sort((a, b) => a.enqueueOrder - b.enqueueOrder || a.diedAtMs - b.diedAtMs);
  const run = await writePlan(redis, options, letters);
  return { status: 'planned', run, sample };
}

/** The event that a run sends for a letter. Without a patch whatever was refused may be sent again, even if invalid. */
export function patchedEvent(
  letter: Pick<DeadLetter, 'event'>,
  patch: Readonly<Record<string, unknown>> | null,
): { ok: true; event: unknown } | { ok: false; faults: readonly Fault[] } {
  if (patch === null) return { ok: true, event: letter.event };
  if ('id' in patch) {
    return {
      ok: false,
      faults: [{ field: 'id', found: 'a change of it', allowed: 'no change: an event keeps its id' }],
    };
  }
  const parsed = parseCallEvent(mergePatch(letter.event, patch), { withheldCallers: 'pass' });
  return parsed.ok ? { ok: true, event: parsed.event } : { ok: false, faults: parsed.faults };
}

async function writePlan(
  redis: RedisConnection,
  options: PlanOptions,
  letters: readonly PlannedLetter[],
): Promise<ReplayRun> {
  const { channel, filter, who, comment = null, onCallConflict = 'hold', patch = null } = options;
  const id = options.newId();
  const keys = runKeys(channel, id);
  const count = letters.length;
  const plan: RunPlan = {
    id,
    channel,
    plannedAtMs: options.now(),
    who,
    comment,
    filter: { ...filter },
    count,
    canary: options.canary ?? defaultCanary(count),
    onCallConflict,
    patch,
    newerDelivered: await countNewerDelivered(redis, channel, letters),
  };
  await writePlannedLetters(redis, channel, id, letters);
  // The run appears only now, when all its letters are there.
  await redis
    .multi()
    .hset(keys.run, {
      plan: JSON.stringify(plan),
      state: 'planned',
      maxPerSecond: options.maxPerSecond ?? DEFAULT_PER_SECOND,
    })
    .pexpire(keys.run, RUN_KEPT_MS)
    .zadd(keys.all, plan.plannedAtMs, id)
    .exec();
  const run = await readRun(redis, channel, id);
  if (run === null) throw new Error(`run ${id} was removed while it was planned`);
  return run;
}
