import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { startProgram, startRedis, type TestRedis } from '@callpost/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';

const EXAMPLE = fileURLToPath(new URL('../examples/send-call-events.mjs', import.meta.url));

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

it('the example of the README is the file that runs here', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  expect(readme).toContain(`\`\`\`js\n${readFileSync(EXAMPLE, 'utf8')}\`\`\``);
});

it('and prints what the README says', async () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const example = startProgram(EXAMPLE, { REDIS_URL: redis.url });
  expect(await example.exited()).toBe(0);
  expect(readme).toContain(`\`\`\`text\n${example.output()}\`\`\``);
});

it('and fails clearly without Redis', async () => {
  const example = startProgram(EXAMPLE, { REDIS_URL: 'redis://127.0.0.1:1' });
  expect(await example.exited()).toBe(1);
  expect(example.output()).toMatch(/^Redis is not available: .*send it again, its id de-duplicates\.\n$/);
});
