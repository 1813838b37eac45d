import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listRuns, readAudit } from '@callpost/queue';
import { sampleEvent, startRedis, type TestRedis } from '@callpost/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { keyboard, makeDeadLetters, type RunOptions, run, startWorker } from './harness.js';

let redis: TestRedis;
let directory: string;
let worker: Awaited<ReturnType<typeof startWorker>> | null = null;

beforeAll(async () => {
  redis = await startRedis();
  directory = mkdtempSync(join(tmpdir(), 'callpost-test-'));
});
afterAll(async () => {
  await redis.stop();
  rmSync(directory, { recursive: true });
});
beforeEach(async () => {
  const assignee = { email: 'old@example.com' };
  await makeDeadLetters(redis.url, [
    { event: sampleEvent({ id: 'a', assignee }) },
    { event: sampleEvent({ id: 'b', assignee }) },
  ]);
});
afterEach(async () => {
  await worker?.stop();
  worker = null;
  await redis.client.flushall();
});

const runs = () => listRuns(redis.client, 'default');

function start(args: readonly string[], options: Omit<RunOptions, 'redis'> = {}) {
  return run(['replay', 'start', ...args], { redis: redis.url, ...options });
}

const YES = ['--yes', '--comment', 'wrong assignee'];
const PATCH = { 'fix.json': JSON.stringify({ assignee: { email: 'new@example.com' } }) };

describe('--patch', () => {
  test('changes every event; the id stays; the change is shown, masked', async () => {
    worker = await startWorker(redis.url, () => 'delivered');
    const ran = await start(['--all', '--patch', 'fix.json', ...YES, '--wait'], { files: PATCH });
    expect(ran.exit).toBe(0);
    expect(ran.stderr).toMatch(
      /What changes, in b \(masked; --reveal shows it\)\n- assignee.email: .*\n\+ assignee.email: /,
    );
    expect(ran.stderr).not.toContain('example.com');
    expect(worker.taken.map(({ id, assignee }) => [id, assignee?.email]).sort()).toEqual([
      ['a', 'new@example.com'],
      ['b', 'new@example.com'],
    ]);
    const [{ id } = { id: '' }] = await runs();
    const status = await run(['replay', 'status', id], { redis: redis.url });
    expect(status.stdout).toMatch(/patch +changes assignee.email\n/);
    const json = await run(['replay', 'status', id, '-o', 'json'], { redis: redis.url });
    expect(json.stdout).not.toContain('example.com');
  });

  test('a dry run shows it whole with --reveal, which is in the audit trail', async () => {
    const args = ['--all', '--patch', 'fix.json', '--dry-run', '--reveal'];
    const { exit, stdout } = await start(args, { files: PATCH });
    expect(exit).toBe(0);
    expect(stdout).toContain(
      'What changes, in b\n- assignee.email: "old@example.com"\n+ assignee.email: "new@example.com"\n',
    );
    expect(await runs()).toEqual([]);
    expect(await readAudit(redis.client, 5)).toMatchObject([{ action: 'reveal', counts: { letters: 1 } }]);
  });

  test.each([
    [null, '--patch: found no file that can be read'],
    ['{', '--patch: found a file that is no JSON object'],
    ['[]', '--patch: found a file that is no JSON object'],
    ['{}', '--patch: found a patch that changes nothing'],
    ['{"id":"x"}', '--patch: found a change of id; allowed: no change'],
    ['{"body":""}', 'patched event b: body: found empty text'],
    ['{"from":{"phone":"123"}}', 'patched event b: from.phone: found'],
  ])('%j is wrong usage, and nothing is planned', async (patch, words) => {
    const files = patch === null ? {} : { 'fix.json': patch };
    const ran = await start(['--all', '--patch', 'fix.json', ...YES], { files });
    expect(ran).toMatchObject({ exit: 2, stdout: '' });
    expect(ran.stderr).toContain(words);
    expect(await runs()).toEqual([]);
  });
});

describe('--edit', () => {
  /** An editor is a script that gets the file. */
  function editor(name: string, script: string): string {
    const path = join(directory, name);
    writeFileSync(path, script);
    return `sh ${path}`;
  }
  const SEEN = 'stat -c %a "$1" > "$(dirname "$0")/mode"; dirname "$1" > "$(dirname "$0")/where"\n';
  const FIX = `${SEEN}sed -i s/old@/new@/ "$1"\n`;

  test('one letter, in a file for its owner only that is gone afterwards', async () => {
    worker = await startWorker(redis.url, () => 'delivered');
    const env = { EDITOR: editor('fix', FIX) };
    const ran = await start(['--id', 'a', '--edit', '--yes', '--wait'], { env });
    expect(ran.exit).toBe(0);
    expect(ran.stderr).toMatch(/What changes, in a .*\n- assignee.email: .*\n\+ assignee.email: .*\n\nRun /);
    expect(worker.taken).toMatchObject([{ id: 'a', assignee: { email: 'new@example.com' } }]);
    expect(readFileSync(join(directory, 'mode'), 'utf8')).toBe('600\n');
    const where = readFileSync(join(directory, 'where'), 'utf8').trim();
    expect(() => readdirSync(where)).toThrow('ENOENT');
    expect((await readAudit(redis.client, 5)).map(({ action }) => action)).toContain('reveal');
  });

  test.each([
    ['1\n', 0, 1],
    ['no\n', 1, 0],
  ])('a person who types %j gets exit %i', async (typed, exit, planned) => {
    const stdin = keyboard();
    stdin.end(typed);
    const env = { EDITOR: 'false', VISUAL: editor('fix', FIX) };
    const ran = await start(['--id', 'a', '--edit'], { env, stdin, columns: 100 });
    expect(ran.exit).toBe(exit);
    expect(ran.stderr).toContain('Type the number of dead letters to replay them: ');
    expect(await runs()).toHaveLength(planned);
  });

  test.each([
    ['true', ['--yes'], 0, 'Nothing was changed in the editor. Nothing was replayed.\n'],
    ['false', ['--yes'], 1, 'callpost: the editor ended with exit code 1; nothing was replayed\n'],
    ['echo { >', ['--yes'], 1, 'callpost: what the editor left is no JSON object; nothing was replayed\n'],
    ['sed -i s/old@example.com/nobody/', ['--yes'], 2, 'patched event a: assignee.email: found'],
    [`sed -i 's/"id": "a"/"id": "z"/'`, ['--yes'], 1, 'an event keeps its id, but it was changed'],
    ['', ['--yes'], 2, '--edit: found neither VISUAL nor EDITOR'],
    ['true', [], 2, '--edit: found nobody who confirms the change'],
    ['true', ['--yes', '--patch', 'fix.json'], 2, '--edit: found --patch beside it'],
    ['true', ['--yes', '--id', 'b'], 2, '--edit: found 2 dead letters; allowed: exactly one'],
  ])('EDITOR=%s %j: exit %i, and nothing is planned', async (EDITOR, args, exit, words) => {
    const ran = await start(['--id', 'a', '--edit', ...args], { env: { EDITOR } });
    expect(ran.stderr).toContain(words);
    expect(ran.exit).toBe(exit);
    expect(await runs()).toEqual([]);
  });
});
