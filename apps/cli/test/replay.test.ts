import { countDeadLetters, findDeadLetter, listRuns, readAudit } from '@callpost/queue';
import { eventually, sampleEvent, startRedis, type TestRedis } from '@callpost/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { jsonLines, keyboard, makeDeadLetters, run, startRun, startWorker } from './harness.js';

let redis: TestRedis;
const workers: Awaited<ReturnType<typeof startWorker>>[] = [];

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());
beforeEach(async () => {
  await makeDeadLetters(redis.url, [
    { event: sampleEvent({ id: 'a', thread_id: 'call-a' }) },
    { event: sampleEvent({ id: 'b', thread_id: 'call-b' }), record: { reason: 'http_404', status: 404 } },
    { event: sampleEvent({ id: 'c', thread_id: 'call-c' }), record: { possiblyDelivered: true } },
  ]);
});
afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.stop()));
  await redis.client.flushall();
});

const replay = (...args: string[]) => run(['replay', ...args], { redis: redis.url });
const start = (...args: string[]) => replay('start', ...args);
const YES = ['--yes', '--comment', 'fixed'];

async function work(decide: Parameters<typeof startWorker>[1] = () => 'delivered') {
  const worker = await startWorker(redis.url, decide);
  workers.push(worker);
  return worker;
}

async function deadIds(): Promise<string[]> {
  const ids = ['a', 'b', 'c'];
  const letters = await Promise.all(ids.map((id) => findDeadLetter(redis.client, 'default', id)));
  return letters.flatMap((letter) => letter?.eventId ?? []);
}

const runs = () => listRuns(redis.client, 'default');
const runId = async () => (await runs())[0]?.id ?? 'none';

describe('--wait', () => {
  test('all delivered: exit 0, a report, and both ends in the audit trail', async () => {
    const worker = await work();
    const { exit, stdout, stderr } = await start('--all', ...YES, '--wait');
    expect(exit).toBe(0);
    expect(stdout).toMatch(/^run +\d{8}-\d{4}-\w{4}\nchannel +default\nstate +done after /);
    expect(stdout).toMatch(/dead letters +3\ndelivered +3\ndead again +0\nskipped +0\n$/);
    expect(stderr).toMatch(/^Run \S+ of channel default started: 3 dead letters, at least 1s with 50 per/);
    expect(worker.taken.map(({ id }) => id).sort()).toEqual(['a', 'b', 'c']);
    const id = await runId();
    expect(await readAudit(redis.client, 5)).toMatchObject([
      { action: 'replay_ended', runId: id, counts: { delivered: 3 } },
      { action: 'replay_start', via: 'cli', who: 'ops', runId: id, counts: { planned: 3 }, comment: 'fixed' },
    ]);
  });

  test('some die again: exit 4', async () => {
    await work(({ id }) => (id === 'b' ? 'dead' : 'delivered'));
    const { exit, stdout } = await start('--all', ...YES, '--wait', '-o', 'json');
    expect(exit).toBe(4);
    expect(JSON.parse(stdout)).toMatchObject({
      runs: [{ state: 'done', report: { planned: 3, delivered: 2, deadAgain: 1 } }],
    });
    expect(await deadIds()).toEqual(['b']);
  });

  test('its canary stops it: exit 4, and what to type then', async () => {
    await work(() => 'dead');
    const { exit, stdout } = await start('--all', ...YES, '--wait', '--canary', '1');
    expect(exit).toBe(4);
    expect(stdout).toMatch(/state +stopped by its canary\n.*not sent yet +2\n/s);
    expect(stdout).toContain(`callpost replay resume ${await runId()}\n`);
  });

  test('Ctrl-C leaves it to the workers, and says how to cancel it', async () => {
    const interrupt = new AbortController();
    const { running, output } = startRun(['replay', 'start', '--all', ...YES, '--wait'], {
      redis: redis.url,
      interrupted: interrupt.signal,
    });
    await eventually(async () => (await runs())[0]?.state === 'running');
    interrupt.abort();
    expect(await running).toBe(130);
    const id = await runId();
    expect(output().stderr).toContain(
      `Run ${id} goes on without this command; callpost replay cancel ${id} ends it.\n`,
    );
    await work();
    await eventually(async () => (await deadIds()).length === 0);
  });

  test('no worker: says so once', async () => {
    const interrupt = new AbortController();
    const startedAtMs = Date.now();
    const { running, output } = startRun(['replay', 'start', '--id', 'a', '--wait'], {
      redis: redis.url,
      interrupted: interrupt.signal,
      now: () => startedAtMs + (Date.now() - startedAtMs) * 20,
    });
    await eventually(() => output().stderr.includes('no worker seems to be carrying out'));
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    interrupt.abort();
    await running;
    expect(output().stderr.match(/no worker/g)).toHaveLength(1);
    expect(output().stderr).toContain(': 0 of 1, 0 delivered\n');
  });

  test('Redis goes away: exit 7, after saying that the run goes on', async () => {
    const { running, output } = startRun(['replay', 'start', '--all', ...YES, '--wait'], {
      redis: redis.url,
    });
    await eventually(async () => (await runs())[0]?.state === 'running');
    const id = await runId();
    await redis.crash();
    expect(await running).toBe(7);
    expect(output().stderr).toContain(`Run ${id} goes on without this command`);
    await redis.restart();
  });
});

describe('without --wait', () => {
  test('the run, its size and duration, and what to type', async () => {
    const { exit, stdout, stderr } = await start('--status', '422', ...YES, '--max-rate', '30/m');
    const id = await runId();
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
    expect(stdout).toBe(
      [
        `Run ${id} of channel default started: 2 dead letters, at least 4s with 30 per minute.`,
        '',
        'Next',
        ...['watch', 'pause', 'cancel'].map((verb) => `  callpost replay ${verb} ${id}`),
        '',
      ].join('\n'),
    );
    const [planned] = await runs();
    expect(planned).toMatchObject({
      state: 'running',
      count: 2,
      filter: { status: 422, untilMs: expect.any(Number) },
    });
  });

  test('a run for each channel that has letters', async () => {
    await makeDeadLetters(redis.url, [{ event: sampleEvent({ id: 'd' }) }], 'support');
    const { exit, stdout } = await start('--status', '422', ...YES, '-o', 'ndjson');
    expect(exit).toBe(0);
    expect(jsonLines(stdout)).toMatchObject([
      { channel: 'default', state: 'running', count: 2, report: { planned: 2, waiting: 2 } },
      { channel: 'support', state: 'running', count: 1 },
    ]);
  });

  test('one letter by its id needs no further word', async () => {
    expect((await start('--id', 'b')).exit).toBe(0);
    expect(await runs()).toMatchObject([{ count: 1, comment: null, filter: { ids: ['b'] } }]);
  });

  test('an id that is no dead letter: exit 3 alone, exit 4 beside others', async () => {
    expect(await start('--id', 'zzz')).toEqual({
      exit: 3,
      stdout: '',
      stderr:
        'no dead letter has the id zzz\ncallpost: no dead letter with these ids; nothing was replayed\n',
    });
    expect((await start('--id', 'a', 'zzz')).exit).toBe(4);
  });
});

test.each([
  [
    [],
    2,
    'found nothing that says which; allowed: exactly one of a filter (--id, --reason, --status, --cause, …) and --all',
  ],
  [['--all', '--reason', 'http_404'], 2, 'found a filter and --all'],
  [
    ['--since', '1h', '--comment', ' '],
    2,
    "'--comment <text>' argument ' ' is invalid. Allowed: text of 1 to 500",
  ],
  [
    ['--all', '--yes'],
    2,
    '--comment: found nothing; allowed: a comment, since 3 dead letters would be replayed',
  ],
  [['--all', '--comment', 'fixed'], 2, '--yes: found nothing; allowed: --yes, since 3 dead letters would be'],
  [['--since', '1h', '--until', '2h'], 2, '--since: found 20'],
  [['--all', '--on-call-conflict', 'wait'], 2, 'Allowed: hold, skip, continue'],
  [['--all', '--reveal'], 2, '--reveal: found no change to show'],
  [['20261123-0331-x7k2', '--all'], 2, 'run id: found options of a new run beside it'],
  [['20261123-0331-x7k2'], 3, 'no replay run 20261123-0331-x7k2; callpost replay list shows them'],
  [['--reason', 'dns'], 3, 'callpost: no dead letter with reason dns; nothing was replayed\n'],
])('%j: exit %i, and nothing is planned', async (args, exit, words) => {
  const ran = await start(...args);
  expect(ran).toMatchObject({ exit, stdout: '' });
  expect(ran.stderr).toContain(words);
  expect(await runs()).toEqual([]);
});

test('a dry run tells what would be, and writes nothing', async () => {
  const { exit, stdout } = await start('--all', '--dry-run', '--max-rate', '1/s');
  expect(exit).toBe(0);
  expect(stdout).toMatch(/^dead letters +3\nchannels +default 3\nreasons +http_422 2, http_404 1\n/);
  expect(stdout).toContain('maybe 1 of them');
  expect(stdout).toMatch(/causes +2 of http_422\.\w+ .*\n +1 of http_404/);
  expect(stdout).toMatch(/canary +none\n.*takes +at least 3s, with 1 per second\n/s);
  const json = JSON.parse((await start('--all', '--dry-run', '-o', 'json')).stdout);
  expect(json).toMatchObject({ dryRun: true, chosen: 3, byReason: { http_422: 2, http_404: 1 }, runs: [] });
  expect(await runs()).toEqual([]);
  expect(await countDeadLetters(redis.client, 'default')).toBe(3);
});

test.each([
  ['3\n', 0, 1],
  ['2\n', 1, 0],
  ['y\n', 1, 0],
  [null, 1, 0],
])('a person who types %j gets exit %i', async (typed, exit, planned) => {
  const stdin = keyboard();
  stdin.end(typed ?? '');
  const args = ['replay', 'start', '--all', '--comment', 'fixed'];
  const ran = await run(args, { redis: redis.url, stdin, columns: 80 });
  expect(ran.exit).toBe(exit);
  expect(ran.stderr).toMatch(/dead letters.* 3\n.*takes.* at least/s);
  expect(ran.stderr).toContain('Type the number of dead letters to replay them: ');
  expect(await runs()).toHaveLength(planned);
});

test('Ctrl-C at the question plans nothing', async () => {
  const interrupt = new AbortController();
  const { running, output } = startRun(['replay', 'start', '--all', '--comment', 'fixed'], {
    redis: redis.url,
    stdin: keyboard(),
    columns: 80,
    interrupted: interrupt.signal,
  });
  await eventually(() => output().stderr.includes('Type the number'));
  interrupt.abort();
  expect(await running).toBe(130);
  expect(await runs()).toEqual([]);
});
