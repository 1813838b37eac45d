import { listChannels } from '@callpost/queue';
import type { Command } from 'commander';
import type { Context } from '../context.js';
import { checkChannels, readChannelsConfig } from '../diagnosis/channel-checks.js';
import { type Check, exitOfChecks } from '../diagnosis/check.js';
import { checksText } from '../diagnosis/checks-text.js';
import { checkEndpoints } from '../diagnosis/endpoint-checks.js';
import { checkRedis } from '../diagnosis/redis-checks.js';
import type { ExitCode } from '../exit-code.js';
import { print } from '../output/form.js';
import type { Start } from '../start.js';
import { withRedis } from '../with-redis.js';

const HELP = `
Reads the environment as a worker does (REDIS_URL, REAMAZE_SHARED_SECRET, CHANNELS_FILE, …), so run it where the worker
runs. Nothing is changed, and nothing is posted. Exit code 1 when something would lose events, or a secret or an
endpoint is missing; 7 when Redis cannot be reached.

Examples:
  callpost doctor
  callpost doctor -o json | jq '.checks[] | select(.verdict != "ok")'`;

export function addDoctor(program: Command, start: Start): void {
  program
    .command('doctor')
    .description('whether Redis, the secrets and the endpoints are as they should be')
    .addHelpText('after', HELP)
    .action((_: unknown, command: Command) => start(command, doctor, 'at_once'));
}

async function doctor(context: Context): Promise<ExitCode> {
  const config = readChannelsConfig(context);
  const [redis, endpoints] = await Promise.all([
    checkRedis(context),
    checkEndpoints(config.ok ? config.value.channels : []),
  ]);
  const isRedisThere = redis.length > 1;
  const opened = isRedisThere ? await withRedis(context, 'tool', listChannels) : [];
  const checks: Check[] = [...redis, ...checkChannels(config, opened), ...endpoints];
  await print(context, {
    table: (drawing) => checksText(checks, drawing),
    json: { checks },
    ndjson: checks,
  });
  return exitOfChecks(checks);
}
