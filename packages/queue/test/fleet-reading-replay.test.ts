import { eventually } from '@callpost/testkit';
import { expect, it } from 'vitest';
import { readChannel } from '../src/index.js';
import { runKeys } from '../src/replay/run.js';
import { CHANNEL, carry, deliverAll, inState, makeLetters, move, plan, redis } from './replay-stage.js';

const replay = async () => (await readChannel(redis.client, CHANNEL)).replay;

it('counts the runs that are not over, and the letters that running ones have not sent', async () => {
  await makeLetters(10);
  const run = await plan();
  const runs = { running: 0, paused: 0, stopped_by_canary: 0 };
  expect(await replay()).toEqual({ runs, lettersLeft: 0 });
  await move(run, 'start');
  expect(await replay()).toEqual({ runs: { ...runs, running: 1 }, lettersLeft: 10 });
  const { results } = runKeys(CHANNEL, run.id);
  await redis.client.hset(results, 'one', 'delivered', 'another', 'dead_again');
  expect((await replay()).lettersLeft).toBe(8);
  await redis.client.del(results);
  await move(run, 'pause');
  expect(await replay()).toEqual({ runs: { ...runs, paused: 1 }, lettersLeft: 0 });
  await move(run, 'resume');
  deliverAll();
  carry();
  await inState(run, 'done');
  expect(await replay()).toEqual({ runs, lettersLeft: 0 });
});

it('takes the age of a replayed event from its replay', async () => {
  await makeLetters(1);
  const [jobId = ''] = await redis.client.zrange(`bull:{voice-${CHANNEL}}:failed`, '0', '-1');
  await redis.client.hset(`bull:{voice-${CHANNEL}}:${jobId}`, 'timestamp', 1_600_000_000_000);
  const startedAtMs = Date.now();
  await move(await plan(), 'start');
  carry();
  const waitingSinceMs = async () => (await readChannel(redis.client, CHANNEL)).status.oldestWaitingAtMs;
  await eventually(async () => (await waitingSinceMs()) !== null);
  expect(await waitingSinceMs()).toBeGreaterThanOrEqual(startedAtMs);
});
