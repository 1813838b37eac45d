import { listRuns } from '@callpost/queue';
import { sampleEvent, startRedis, type TestRedis } from '@callpost/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { jsonLines, makeDeadLetters, run, startWorker } from './harness.js';

/* What a person is told when calls went on without their letters, and when a plan is out of date. */

let redis: TestRedis;
const workers: Awaited<ReturnType<typeof startWorker>>[] = [];

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());
beforeEach(async () => {
  await makeDeadLetters(
    redis.url,
    ['a', 'b', 'c'].map((id) => ({ event: sampleEvent({ id, thread_id: `call-${id}` }) })),
  );
  // As the lanes leave it when newer events of the calls of a and b were delivered.
  await redis.client.hset('bull:{voice-default}:callpost:calls:delivered', {
    'thread:call-a': 9e12,
    'thread:call-b': 9e12,
    'thread:call-c': 0,
  });
});
afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.stop()));
  await redis.client.flushall();
});

const replay = (...args: string[]) => run(['replay', ...args], { redis: redis.url });
const work = async () => workers.push(await startWorker(redis.url, () => 'delivered'));

async function planned(...args: string[]): Promise<string> {
  const { stdout } = await replay('plan', '--all', '--comment', 'OPS-12', ...args, '-o', 'ndjson');
  return String(jsonLines(stdout)[0]?.id);
}

const SKIPPED =
  /SKIPPED +2 of 3 will be, and stay dead letters: newer events of their calls were delivered already\n/;

test('a plan says how many would be skipped, and what to type instead', async () => {
  const dry = await replay('start', '--all', '--dry-run');
  expect(dry.stdout).toMatch(SKIPPED);
  expect(dry.stdout).toMatch(
    / to send them all the same: the same command with --on-call-conflict continue\n/,
  );
  expect(JSON.parse((await replay('start', '--all', '--dry-run', '-o', 'json')).stdout)).toMatchObject({
    newerDelivered: 2,
    onCallConflict: 'hold',
  });
  const plan = await replay('plan', '--all', '--comment', 'OPS-12');
  const [id] = (await listRuns(redis.client, 'default')).map((one) => one.id);
  expect(plan.stdout).toMatch(SKIPPED);
  expect(plan.stdout).toContain(
    ` to send them all the same: callpost replay start ${id} --on-call-conflict continue\n`,
  );
});

test('a run skips them, says so while and after it runs, and its report has the command that sends them', async () => {
  await work();
  const { exit, stdout, stderr } = await replay('start', '--all', '--yes', '--comment', 'OPS-12', '--wait');
  expect(exit).toBe(4);
  expect(stderr).toMatch(SKIPPED);
  expect(stderr).toContain('skips letters: newer events of their calls were delivered already.');
  expect(stdout).toMatch(
    /delivered +1\ndead again +0\nskipped +2\n +2: newer events of its call were delivered already, or are on their way\n/,
  );
  const [, command = ''] = /\nNext\n {2}callpost (.*?) {2}# the 2 after newer ones\n/.exec(stdout) ?? [];
  expect(command).toMatch(
    /^replay start --channel default --on-call-conflict continue --dry-run --until \S+Z$/,
  );
  const again = await run(command.split(' '), { redis: redis.url });
  expect(again).toMatchObject({ exit: 0, stdout: expect.stringMatching(/^dead letters +2\n/) });
  expect(again.stdout).toMatch(/OUT OF ORDER +all 2, as asked for:/);
  const started = command.replace(' --dry-run', '').split(' ');
  expect(
    (await run([...started, '--yes', '--wait', '--comment', 'all the same'], { redis: redis.url })).exit,
  ).toBe(0);
});

test('a plan may be started with another rule', async () => {
  const id = await planned();
  expect((await replay('start', id, '--dry-run')).stdout).toMatch(SKIPPED);
  expect(JSON.parse((await replay('start', id, '--dry-run', '-o', 'json')).stdout)).toMatchObject({
    asPlanned: 3,
    newerDelivered: 2,
  });
  await work();
  const { exit, stderr } = await replay('start', id, '--on-call-conflict', 'continue', '--yes', '--wait');
  expect(exit).toBe(0);
  expect(stderr).toMatch(/OUT OF ORDER +2 of 3, as asked for/);
  expect(await listRuns(redis.client, 'default')).toMatchObject([{ onCallConflict: 'continue' }]);
});

test('a plan of which letters have gone says so; one of which none is left is out of date: exit 5', async () => {
  const id = await planned();
  await run(['dlq', 'discard', '--id', 'a'], { redis: redis.url });
  expect(JSON.parse((await replay('start', id, '--dry-run', '-o', 'json')).stdout)).toMatchObject({
    asPlanned: 2,
    newerDelivered: 1,
  });
  await run(['dlq', 'discard', '--all', '--yes', '--comment', 'gone'], { redis: redis.url });
  expect(await replay('start', id, '--yes')).toEqual({
    exit: 5,
    stdout: '',
    stderr: `callpost: the plan ${id} is out of date: its 3 letters were replayed or discarded since; callpost replay plan makes a new one\n`,
  });
});

test('a plan that was not started in time is out of date: exit 5', async () => {
  const id = await planned();
  await redis.client.del(`bull:{voice-default}:callpost:run:${id}:letters`);
  const { exit, stderr } = await replay('start', id, '--yes');
  expect(exit).toBe(5);
  expect(stderr).toContain('it was not started within seven days');
});
