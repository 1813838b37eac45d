import { DEFAULT_CHANNEL, plural } from '@callpost/domain';
import { connectRedis, openRedis, type RedisConnection, readChannelStatus } from '@callpost/queue';
import type { Config } from './config.js';
import type { DataFolder } from './data-folder.js';
import { openEvents } from './evidence.js';
import type { Program, ProgramError } from './program.js';
import { type RedisServer, startRedisServer } from './redis-server.js';
import type { Screen } from './screen.js';
import { type Simulator, startSimulator } from './simulator.js';
import type { Teardown } from './teardown.js';
import { startWorker } from './worker.js';
import type { WorkerLine } from './worker-line.js';

export interface LaunchOptions {
  readonly config: Config;
  readonly redisCommand: string;
  readonly folder: DataFolder;
  readonly screen: Screen;
  readonly teardown: Teardown;
  /** Shared by the worker and the simulator; nobody else has it. */
  readonly secret: string;
  readonly onWorkerLine: (line: WorkerLine) => void;
  /** A program ended that nobody told to. */
  readonly onUnexpectedEnd: (error: ProgramError) => void;
}

/** What runs now, and how to reach it. */
export interface Launched {
  readonly redisUrl: string;
  readonly redis: RedisConnection;
  readonly simulator: Simulator;
  readonly metricsUrl: string;
}

/** Who starts whom: Redis first, then the simulator, then the worker, which needs both. Teardown is in reverse. */
export async function launch(options: LaunchOptions): Promise<Launched> {
  const { config, folder, screen, teardown, secret } = options;
  const env = config.childEnv;
  const others: number[] = [];
  const onStarted = (program: Program) => {
    teardown.add(() => program.stop());
    watch(program, options);
    if (program.pid !== undefined) others.push(program.pid);
    folder.note({ others });
  };

  const server = await startRedis(options);
  watch(server.program, options);
  const redis = await connect(server.url, teardown);
  screen.print(`Redis      ${server.url}, its data in ${folder.redisFolder}`);
  screen.print(`           ${await leftFromEarlier(redis)}`);

  const simulator = await startSimulator({ script: config.simulatorProgram, secret, env, onStarted });
  screen.print(`simulator  ${simulator.url}, stands in for Re:amaze`);

  const metricsUrl = await startWorker({
    script: config.workerProgram,
    redisUrl: server.url,
    voiceUrl: simulator.voiceUrl,
    secret,
    env,
    onStarted,
    onLine: options.onWorkerLine,
  });
  screen.print(`worker     ${metricsUrl}`);
  return { redisUrl: server.url, redis, simulator, metricsUrl };
}

function startRedis(options: LaunchOptions): Promise<RedisServer> {
  const { config, folder, redisCommand, teardown } = options;
  return startRedisServer({
    command: redisCommand,
    folder: folder.redisFolder,
    env: config.childEnv,
    onStarted(program, port) {
      teardown.add(() => program.stop());
      if (program.pid !== undefined) folder.note({ redis: { pid: program.pid, port } });
    },
  });
}

function watch({ ended }: Program, { teardown, onUnexpectedEnd }: LaunchOptions): void {
  void ended.then((error) => {
    if (!teardown.hasBegun) onUnexpectedEnd(error);
  });
}

async function connect(url: string, teardown: Teardown): Promise<RedisConnection> {
  const redis = connectRedis(url, 'tool');
  teardown.add(() => redis.disconnect());
  await openRedis(redis);
  return redis;
}

async function leftFromEarlier(redis: RedisConnection): Promise<string> {
  const status = await readChannelStatus(redis, DEFAULT_CHANNEL);
  const open = openEvents(status);
  const { dead } = status.counts;
  if (open === 0 && dead === 0) return 'empty: nothing is left from an earlier start';
  return `left from earlier starts: ${plural(dead, 'dead letter')}, ${plural(open, 'event')} still to be delivered`;
}
