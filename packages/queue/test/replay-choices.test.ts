import { eventually } from '@callpost/testkit';
import { describe, expect, it } from 'vitest';
import {
  createDiscarder,
  createReplayer,
  findDeadLetter,
  listRuns,
  planRun,
  type TakenEvent,
} from '../src/index.js';
import {
  CHANNEL,
  carry,
  consume,
  counts,
  deliverAll,
  eventOf,
  inState,
  makeLetters,
  move,
  plan,
  redis,
  report,
} from './replay-stage.js';
import { dead } from './test-consumer.js';

it('skips what was replayed, discarded or changed since it was planned, and says why', async () => {
  await makeLetters(4, 1);
  const run = await plan();
  const replayer = createReplayer({ redis: redis.client, channel: CHANNEL, now: Date.now });
  const discarder = createDiscarder({ redis: redis.client, channel: CHANNEL });
  const consumer = consume((taken) =>
    eventOf(taken).id === 'e0001' ? dead(taken) : { outcome: 'delivered' },
  );
  await replayer.replay('e.e0000');
  await replayer.replay('e.e0001');
  await discarder.discard('e.e0002');
  await eventually(async () => expect(await counts()).toMatchObject({ dead: 2, waiting: 0, in_flight: 0 }));
  await consumer.stop(0);
  const delivered = deliverAll();
  carry();
  await move(run, 'start');
  await inState(run, 'done');
  expect(await report(run)).toMatchObject({ delivered: 1, skipped: { not_dead: 2, changed: 1 } });
  expect(delivered.map(({ id }) => id)).toEqual(['e0003']);
  await Promise.all([replayer.close(), discarder.close()]);
});

describe('when an earlier event of a call dies again', () => {
  const diesAgain = (taken: TakenEvent) => eventOf(taken).id === 'e0001';

  it.each(['hold', 'skip'] as const)('%s: the later ones of that call stay dead', async (onCallConflict) => {
    await makeLetters(8, 4);
    const run = await plan({ onCallConflict });
    consume((taken) => (diesAgain(taken) ? dead(taken) : { outcome: 'delivered' }));
    carry();
    await move(run, 'start');
    await inState(run, 'done');
    expect(await report(run)).toMatchObject({ delivered: 5, deadAgain: 1, skipped: { call_conflict: 2 } });
    expect(await counts()).toMatchObject({ dead: 3 });
  });

  it('continue: they are sent all the same', async () => {
    await makeLetters(8, 4);
    const run = await plan({ onCallConflict: 'continue' });
    consume((taken) => (diesAgain(taken) ? dead(taken) : { outcome: 'delivered' }));
    carry();
    await move(run, 'start');
    await inState(run, 'done');
    expect(await report(run)).toMatchObject({ delivered: 7, deadAgain: 1 });
  });
});

describe('a patch', () => {
  it('is applied to every event; the id stays, the original is kept, the edit is told', async () => {
    await makeLetters(3, 1);
    const run = await plan({ patch: { assignee: { email: 'new@example.com' }, body: 'Corrected' } });
    const seen: string[] = [];
    consume((taken) => {
      const { id, assignee } = eventOf(taken);
      seen.push(`${id} ${assignee?.email}`);
      return id === 'e0000' ? dead(taken) : { outcome: 'delivered' };
    });
    carry();
    await move(run, 'start');
    await inState(run, 'done');
    expect(seen.sort()).toEqual(['e0000 new@example.com', 'e0001 new@example.com', 'e0002 new@example.com']);
    expect(await findDeadLetter(redis.client, CHANNEL, 'e0000')).toMatchObject({
      replays: 1,
      event: { id: 'e0000', body: 'Corrected' },
      original: { id: 'e0000', body: 'Call ended - duration: 0:30:05' },
      editedAtMs: [expect.any(Number)],
    });
  });

  it.each([
    [{ id: 'other' }, 'id'],
    [{ body: '' }, 'body'],
    [{ from: { phone: '123' } }, 'from.phone'],
  ])('%j is refused when it is planned', async (patch, field) => {
    await makeLetters(1, 1);
    const options = { channel: CHANNEL, filter: {}, who: 'sre', now: Date.now, newId: () => 'x', patch };
    expect(await planRun(redis.client, options)).toMatchObject({
      status: 'invalid_patch',
      eventId: 'e0000',
      faults: [{ field }],
    });
    expect(await listRuns(redis.client, CHANNEL)).toEqual([]);
  });
});

it('plans nothing when nothing fits', async () => {
  const options = { channel: CHANNEL, filter: { status: 404 }, who: 'sre', now: Date.now, newId: () => 'x' };
  expect(await planRun(redis.client, options)).toEqual({ status: 'no_match' });
});
