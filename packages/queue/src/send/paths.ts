import type { Added, Entry } from '../event-backend.js';
import { type Home, type Layout, pathOfCall } from '../shards/layout.js';
import type { StampedEvent } from './enqueue.js';

/*
 * The way of an event to the queue that takes it, over the homes of its call; the gate that makes this safe is in
 * `lanes/add-lua.ts`.
 *
 * Events of one call go in the order in which they were handed over. While the layout is the same, they take the same
 * path, a step is a command on the connection to the same server, and what follows from its answer is done in the order of
 * the answers. When one is refused since the layout is a newer one by now, nobody sets out any more: all who are under
 * way either arrive or are refused, the layout is read, and they set out again in their first order, before all others.
 */

/** Where an event was accepted or is known; or why it was not acknowledged. */
export type Outcome = { readonly home: Home; readonly isKnown: boolean } | { readonly error: unknown };

export interface PathsOptions {
  readonly channel: string;
  readonly layout: Layout;
  readonly readLayout: () => Promise<Layout>;
  /** Asks one queue to take events. */
  readonly add: (
    home: Home,
    entry: Entry,
    events: readonly StampedEvent[],
  ) => Promise<readonly Added[] | 'stale'>;
}

/** Resolves with an outcome for each event, in their order; never rejects. */
export type Walk = (events: readonly StampedEvent[]) => Promise<Outcome[]>;

interface Traveller {
  readonly event: StampedEvent;
  readonly arrive: (outcome: Outcome) => void;
}

/** Who sets out together. */
interface Group {
  /** Rising in the order in which they were handed over. */
  readonly ticket: number;
  readonly travellers: readonly Traveller[];
}

export function createPaths({ channel, layout: first, readLayout, add }: PathsOptions): Walk {
  let layout = first;
  let nextTicket = 0;
  let underWay = 0;
  /** From the first refusal until the layout was read anew. */
  let isStale = false;
  let waiting: Group[] = [];

  function setOut(group: Group): void {
    for (const [path, travellers] of byPath(channel, layout, group.travellers)) {
      underWay += 1;
      void walk(path, { ...group, travellers }, layout.generation).finally(() => {
        underWay -= 1;
        if (isStale && underWay === 0) void renew();
      });
    }
  }

  async function walk(path: readonly Home[], group: Group, generation: number): Promise<void> {
    let travellers = group.travellers;
    for (const [step, home] of path.entries()) {
      const entry = { generation, mayOpen: step === path.length - 1 };
      try {
        const answers = await add(
          home,
          entry,
          travellers.map(({ event }) => event),
        );
        if (answers === 'stale') {
          isStale = true;
          waiting.push({ ...group, travellers });
          return;
        }
        travellers = travellers.filter((traveller, index) => {
          const answer = answers[index];
          if (answer !== 'not_here') traveller.arrive({ home, isKnown: answer === 'duplicate' });
          return answer === 'not_here';
        });
      } catch (error) {
        for (const { arrive } of travellers) arrive({ error });
        return;
      }
      if (travellers.length === 0) return;
    }
  }

  async function renew(): Promise<void> {
    const whyNot = await readNewer().catch((error: unknown) => error);
    const groups = waiting.sort((one, other) => one.ticket - other.ticket);
    waiting = [];
    isStale = false;
    for (const group of groups) {
      if (whyNot === null) setOut(group);
      else for (const { arrive } of group.travellers) arrive({ error: whyNot });
    }
  }

  /** Queues are told of a layout after it was written; that it is not there is what a failover of Redis may leave. */
  async function readNewer(): Promise<Error | null> {
    const { generation } = layout;
    layout = await readLayout();
    if (layout.generation > generation) return null;
    return new Error(
      "the channel's queues know of a newer layout than Redis has; a worker will write it again",
    );
  }

  return (events) =>
    new Promise((resolve) => {
      const outcomes: Outcome[] = [];
      let left = events.length;
      const travellers = events.map((event, index) => ({
        event,
        arrive(outcome: Outcome) {
          outcomes[index] = outcome;
          left -= 1;
          if (left === 0) resolve(outcomes);
        },
      }));
      const group = { ticket: nextTicket, travellers };
      nextTicket += 1;
      if (left === 0) resolve(outcomes);
      else if (isStale) waiting.push(group);
      else setOut(group);
    });
}

/** Who has the same way, in the order in which they were handed over. */
function byPath(
  channel: string,
  layout: Layout,
  travellers: readonly Traveller[],
): Iterable<readonly [path: readonly Home[], travellers: readonly Traveller[]]> {
  if (layout.shards === 1 && layout.former.length === 0) return [[[channel], travellers]];
  const groups = new Map<string, [Home[], Traveller[]]>();
  for (const traveller of travellers) {
    const path = pathOfCall(channel, layout, traveller.event.call);
    const key = path.join();
    const group = groups.get(key) ?? [path, []];
    group[1].push(traveller);
    groups.set(key, group);
  }
  return groups.values();
}
