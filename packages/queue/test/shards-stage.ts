import { sampleEvent } from '@callpost/testkit';
import { readHome } from '../src/home-reading.js';
import { type CallEventQueue, createCallEventQueue, type TakenEvent } from '../src/index.js';
import { allHomes, homes, type Layout, readLayout } from '../src/shards/layout.js';
import { redis } from './consume-stage.js';

/* What the tests of a divided channel share, beside `consume-stage.ts`. */

/** Event `number` of a call; its id is both. */
export const eventOf = (call: string, number: number) =>
  sampleEvent({ id: `${call}-${number}`, thread_id: call });

export const idOf = ({ data }: TakenEvent) => (data as { id: string }).id;

export const layoutNow = (): Promise<Layout> => readLayout(redis.client, 'default');

/** Counts of every queue that the channel has or had with up to 8 shards. */
export async function countsByHome() {
  const all = ['default', ...homes('default', 8)];
  return new Map(
    await Promise.all(all.map(async (home) => [home, (await readHome(redis.client, home)).counts] as const)),
  );
}

/** Events that are neither delivered nor dead. */
export async function openCount(): Promise<number> {
  const counts = [...(await countsByHome()).values()];
  return counts.reduce((sum, { dead: _, ...open }) => sum + Object.values(open).reduce((a, b) => a + b), 0);
}

/** Ids of a call's events in the order of its lane, in whichever queue; and how many queues have one. */
export async function laneOf(call: string): Promise<{ ids: string[]; lanes: number }> {
  const ids: string[] = [];
  let lanes = 0;
  for (const home of allHomes('default', { generation: 0, shards: 8, former: [1, 2, 4] })) {
    const key = `bull:{voice-${home}}:callpost`;
    const first = await redis.client.hget(`${key}:lanes`, `thread:${call}`);
    if (first === null) continue;
    lanes += 1;
    ids.push(first, ...(await redis.client.lrange(`${key}:lane:thread:${call}`, 0, -1)));
  }
  return { ids: ids.map((id) => id.replace('e.', '')), lanes };
}

const queues: CallEventQueue[] = [];

/** A producer that knows the layout as it is now. */
export async function openProducer(): Promise<CallEventQueue> {
  const queue = createCallEventQueue({ redis: redis.url });
  queues.push(queue);
  await queue.send(eventOf(`opening-${queues.length}`, 0));
  return queue;
}

export async function closeProducers(): Promise<void> {
  await Promise.all(queues.splice(0).map((queue) => queue.close()));
}

/** What was delivered, in its order, with a check that no two events of a call are under way at a time. */
export function recorder() {
  const delivered: string[] = [];
  const overlaps: string[] = [];
  const underWay = new Set<string>();
  return {
    delivered,
    overlaps,
    begin(taken: TakenEvent) {
      const call = callOf(idOf(taken));
      if (underWay.has(call)) overlaps.push(idOf(taken));
      underWay.add(call);
    },
    end(taken: TakenEvent, isDelivered: boolean) {
      underWay.delete(callOf(idOf(taken)));
      if (isDelivered) delivered.push(idOf(taken));
    },
    /** Numbers of the delivered events of each call. */
    byCall() {
      const calls = new Map<string, number[]>();
      for (const id of delivered) {
        const numbers = calls.get(callOf(id)) ?? [];
        numbers.push(Number(id.slice(id.lastIndexOf('-') + 1)));
        calls.set(callOf(id), numbers);
      }
      return calls;
    },
  };
}

const callOf = (id: string) => id.slice(0, id.lastIndexOf('-'));
