import { PassThrough, Readable, Writable } from 'node:stream';
import { type AttemptRecord, type CallEvent, DEFAULT_CHANNEL } from '@callpost/domain';
import {
  connectRedis,
  createCallEventQueue,
  createChannelConsumer,
  createRunCarrier,
  openRedis,
  type RedisConnection,
} from '@callpost/queue';
import type { Surroundings } from '../src/context.js';
import type { ExitCode } from '../src/exit-code.js';
import { runCli } from '../src/run-cli.js';

export interface RunOptions {
  readonly redis?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
  readonly stdin?: Readable;
  /** Columns of a terminal; absent: no terminal. */
  readonly columns?: number;
  readonly interrupted?: AbortSignal;
  readonly nowMs?: number;
  /** For tests in which time passes faster. */
  readonly now?: () => number;
}

export interface Ran {
  readonly exit: ExitCode;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line in this process, as `main.ts` would. */
export async function run(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { running, output } = startRun(args, options);
  const exit = await running;
  return { exit, ...output() };
}

/** For tests that act while a command runs. */
export function startRun(args: readonly string[], options: RunOptions = {}) {
  const stdout = memoryStream(options.columns);
  const stderr = memoryStream(options.columns);
  const { redis = 'redis://127.0.0.1:1', nowMs, files = {} } = options;
  const stdin = options.stdin ?? Readable.from([]);
  const surroundings: Surroundings = {
    terminal: {
      stdin: Object.assign(stdin, options.columns === undefined ? {} : { isTTY: true }),
      stdout,
      stderr,
    },
    env: { REDIS_URL: redis, ...options.env },
    readFile: (path) => files[path] ?? null,
    osUser: 'ops',
    now: options.now ?? (() => nowMs ?? Date.now()),
    random: Math.random,
    interrupted: options.interrupted ?? new AbortController().signal,
    outputClosed: new AbortController().signal,
  };
  return {
    running: runCli(args, surroundings, '0.0.0-test'),
    output: () => ({ stdout: stdout.text(), stderr: stderr.text() }),
  };
}

/** What a person types, line by line as it is written. */
export function keyboard(): PassThrough {
  return new PassThrough();
}

function memoryStream(columns: number | undefined) {
  const chunks: string[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk.toString());
      done();
    },
  });
  const terminal = columns === undefined ? {} : { isTTY: true, columns };
  return Object.assign(stream, { text: () => chunks.join('') }, terminal);
}

export interface Death {
  readonly event: CallEvent;
  /** What the attempt that decided is to leave behind; the rest is filled in. */
  readonly record?: Partial<AttemptRecord>;
}

/** Dead letters as the worker makes them, through real queues, in the order given. */
export async function makeDeadLetters(url: string, deaths: readonly Death[], channel = DEFAULT_CHANNEL) {
  const queue = createCallEventQueue({ redis: url, channel });
  await queue.sendMany(deaths.map(({ event }) => event));
  await queue.close();
  await letDie(url, deaths, channel);
}

/** The events are taken from the queue, and die; also those that a replay put there. */
export async function letDie(url: string, deaths: readonly Death[], channel = DEFAULT_CHANNEL) {
  const recordOf = new Map(deaths.map(({ event, record }) => [event.id, record]));
  await consume(url, channel, deaths.length, (id) => refusal(recordOf.get(id)));
}

function refusal(more: Partial<AttemptRecord> = {}): AttemptRecord {
  return {
    attempt: 1,
    atMs: Date.now(),
    durationMs: 12,
    worker: 'host:1',
    outcome: 'dead',
    reason: 'http_422',
    status: 422,
    excerpt: '{"error":"phone is invalid"}',
    ...more,
  };
}

/** Takes `count` events of a channel, and lets each die of a record. */
async function consume(
  url: string,
  channel: string,
  count: number,
  recordOf: (eventId: string) => AttemptRecord,
): Promise<void> {
  const redis = connectRedis(url, 'worker');
  await openRedis(redis);
  let taken = 0;
  await new Promise<void>((resolve, reject) => {
    const consumer = createChannelConsumer({
      channel,
      redis,
      shards: 1,
      concurrency: 1,
      maxPerSecond: null,
      lockDurationMs: 30_000,
      dedupWindowMs: 60_000,
      laneMaxHoldMs: 900_000,
      stoppedMsSince: () => 0,
      now: Date.now,
      observer: {
        onStalled: () => undefined,
        onStalledToDeath: () => undefined,
        onLayout: () => undefined,
        onDefect: reject,
        onError: reject,
      },
      async deliver({ data }) {
        taken += 1;
        await nextMillisecond();
        if (taken === count) setImmediate(() => consumer.stop(10_000).then(() => resolve(), reject));
        return { outcome: 'dead', record: recordOf((data as CallEvent).id) };
      },
    });
    consumer.start();
  });
  redis.disconnect();
}

/** No two letters die at the same moment, or their order would be a matter of luck. */
async function nextMillisecond(): Promise<void> {
  const startedAtMs = Date.now();
  while (Date.now() === startedAtMs) await new Promise(setImmediate);
}

/** An open connection, for a look beside the command. */
export async function openConnection(url: string): Promise<RedisConnection> {
  const redis = connectRedis(url, 'tool');
  await openRedis(redis);
  return redis;
}

export function ndjson(values: readonly unknown[]): string {
  return values.map((value) => `${JSON.stringify(value)}\n`).join('');
}

/** The values of an NDJSON output. */
export function jsonLines(text: string): Array<Record<string, unknown>> {
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

/** A worker as far as replays need one: it carries out the runs of a channel, and decides what becomes of an event. */
export async function startWorker(
  url: string,
  decide: (event: CallEvent) => 'delivered' | 'dead',
  shards = 1,
) {
  const redis = connectRedis(url, 'worker');
  await openRedis(redis);
  const carrying = connectRedis(url, 'tool');
  await openRedis(carrying);
  const taken: CallEvent[] = [];
  const consumer = createChannelConsumer({
    channel: DEFAULT_CHANNEL,
    redis,
    shards,
    concurrency: 1,
    maxPerSecond: null,
    lockDurationMs: 30_000,
    dedupWindowMs: 60_000,
    laneMaxHoldMs: 900_000,
    stoppedMsSince: () => 0,
    now: Date.now,
    observer: {
      onStalled: () => undefined,
      onStalledToDeath: () => undefined,
      onLayout: () => undefined,
      onDefect: () => undefined,
      onError: () => undefined,
    },
    async deliver({ data }) {
      const event = data as CallEvent;
      taken.push(event);
      if (decide(event) === 'delivered') return { outcome: 'delivered' };
      return { outcome: 'dead', record: refusal() };
    },
  });
  const carrier = createRunCarrier({
    channel: DEFAULT_CHANNEL,
    redis: carrying,
    workerName: 'test',
    now: Date.now,
    onRunEnded: () => undefined,
    onError: () => undefined,
  });
  consumer.start();
  carrier.start();
  return {
    /** What it was given, in this order. */
    taken,
    async stop() {
      await Promise.all([consumer.stop(1_000), carrier.stop()]);
      redis.disconnect();
      carrying.disconnect();
    },
  };
}
