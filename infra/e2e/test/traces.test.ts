import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  eventually,
  sampleEvent,
  startEndpoint,
  startProgram,
  startRedis,
  status,
  type TestEndpoint,
  type TestRedis,
} from '@callpost/testkit';
import { startTracing } from '@callpost/tracing';
import { Queue } from 'bullmq';
import { BullMQOtel } from 'bullmq-otel';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lineFaults } from './log-docs.js';
import { startOtlpReceiver } from './otlp-receiver.js';
import { startWorker, type WorkerProcess } from './worker-process.js';

const CLI = fileURLToPath(new URL('../../../apps/cli/dist/main.js', import.meta.url));
const EVENT = sampleEvent({ id: 'call-1-ended', thread_id: 'call-1' });

let redis: TestRedis;
let endpoint: TestEndpoint;
let collector: Awaited<ReturnType<typeof startOtlpReceiver>>;
let folder: string;
const workers: WorkerProcess[] = [];

beforeEach(async () => {
  [redis, endpoint, collector] = await Promise.all([startRedis(), startEndpoint(), startOtlpReceiver()]);
  folder = mkdtempSync(join(tmpdir(), 'callpost-traces-'));
});
afterEach(async () => {
  const started = workers.splice(0);
  for (const worker of started) worker.kill('SIGKILL');
  collector.stop();
  await Promise.all([redis.stop(), endpoint.stop(), ...started.map((worker) => worker.exited())]);
  rmSync(folder, { recursive: true, force: true });
  expect(started.flatMap(({ lines }) => lines.flatMap(lineFaults))).toEqual([]);
});

const tracing = () => ({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_BSP_SCHEDULE_DELAY: '50' });
const producing = () => ({ REDIS_URL: redis.url, ...tracing() });

async function work(environment: Readonly<Record<string, string>> = tracing()): Promise<WorkerProcess> {
  const worker = await startWorker({
    REDIS_URL: redis.url,
    REAMAZE_URL: `${endpoint.origin}/voice`,
    REAMAZE_SHARED_SECRET: 'secret',
    ...environment,
  });
  workers.push(worker);
  return worker;
}

async function callpost(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<string> {
  const program = startProgram(CLI, environment, args);
  expect(await program.exited(), program.output()).toBe(0);
  return program.output();
}

/** Of the processes that wrote their coverage into the folder. */
function loadedScripts(): string[] {
  const files = readdirSync(folder).filter((name) => name.startsWith('coverage-'));
  return files.flatMap((name) => {
    const { result } = JSON.parse(readFileSync(join(folder, name), 'utf8')) as { result: { url: string }[] };
    return result.map(({ url }) => url);
  });
}

function eventFile(): string {
  const file = join(folder, 'events.ndjson');
  writeFileSync(file, `${JSON.stringify(EVENT)}\n`);
  return file;
}

it('an event is one trace: its producer, its queue, a retry, its death and its replay, over three processes', async () => {
  const answers = [503, 422, 201];
  endpoint.answerWith((request, response) => status(answers.shift() ?? 500)(request, response));

  await callpost(['send', eventFile()], producing());
  const first = await work();
  await first.line({ msg: 'attempt', outcome: 'dead' });
  await first.stop();
  const second = await work();
  await callpost(['replay', 'start', '--all', '--yes', '--comment', 'mended'], { REDIS_URL: redis.url });
  const delivered = await second.line({ msg: 'attempt', outcome: 'delivered' });
  await second.stop();

  const spans = await collector.wait(6);
  const told = spans.map(({ name, attributes, statusCode, resource }) => [
    resource['service.name'],
    name,
    attributes['callpost.origin'],
    attributes['callpost.attempt'],
    attributes['callpost.outcome'],
    attributes['callpost.reason'],
    attributes['http.response.status_code'],
    statusCode,
  ]);
  const none = undefined;
  expect(told).toEqual([
    ['callpost-cli', 'send', none, none, none, none, none, 0],
    ['callpost-worker', 'queued', 'live', 1, none, none, none, 0],
    ['callpost-worker', 'attempt', 'live', 1, 'retry', 'http_5xx', 503, 2],
    ['callpost-worker', 'attempt', 'live', 2, 'dead', 'http_422', 422, 2],
    ['callpost-worker', 'queued', 'replay', 1, none, none, none, 0],
    ['callpost-worker', 'attempt', 'replay', 1, 'delivered', none, 201, 0],
  ]);
  const [send, ...others] = spans;
  expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
  expect(new Set(others.map(({ parentSpanId }) => parentSpanId))).toEqual(new Set([send?.spanId]));
  expect(spans.map(({ kind }) => kind)).toEqual([4, 1, 5, 5, 1, 5]);
  expect(new Set(others.map(({ resource }) => resource['service.instance.id'])).size).toBe(2);
  for (const { attributes } of spans) expect(attributes['messaging.message.id']).toBe(EVENT.id);
  expect(delivered.traceId).toBe(send?.traceId);

  const all = JSON.stringify(spans);
  for (const personal of [EVENT.from.phone, EVENT.to.phone, EVENT.from.name, EVENT.body, 'secret']) {
    expect(all).not.toContain(personal);
  }
  for (const { headers } of endpoint.requests) {
    expect(Object.keys(headers).filter((name) => /^trace|^baggage/.test(name))).toEqual([]);
  }
});

it('an event of a producer that does not trace has a trace too: one, whichever worker attempts it', async () => {
  await callpost(['send', eventFile()], { REDIS_URL: redis.url });
  endpoint.answerWith(status(503));
  const first = await work();
  await first.line({ msg: 'attempt', attempt: 1 });
  await first.stop();
  endpoint.answerWith(status(201));
  const second = await work();
  const { traceId } = await second.line({ msg: 'attempt', outcome: 'delivered' });
  await second.stop();
  const attempts = (await collector.wait(3)).filter(({ name }) => name === 'attempt');
  expect(attempts.length).toBeGreaterThan(1);
  expect(new Set(attempts.map((span) => span.traceId))).toEqual(new Set([traceId]));
  expect(new Set(attempts.map(({ parentSpanId }) => parentSpanId))).toEqual(new Set(['']));
});

it('an event of a plain BullMQ producer with bullmq-otel joins the trace of that producer', async () => {
  process.env.OTEL_EXPORTER_OTLP_ENDPOINT = collector.url;
  const producer = startTracing({ serviceName: 'phone-system', onError: () => undefined });
  const queue = new Queue('{voice-default}', {
    connection: redis.connect(),
    telemetry: new BullMQOtel({ tracerName: 'phone-system' }),
  });
  await queue.add('call-event', EVENT);
  await queue.close();
  await producer.stop();
  const worker = await work();
  await worker.line({ msg: 'attempt', outcome: 'delivered' });
  await worker.stop();
  const spans = await collector.wait(3);
  const attempt = spans.find(({ name }) => name === 'attempt');
  const parent = spans.find(({ spanId }) => spanId === attempt?.parentSpanId);
  expect(parent?.resource['service.name']).toBe('phone-system');
});

describe('traces that are not asked for', () => {
  it.each([
    ['no variable is set', {}],
    ['OTEL_SDK_DISABLED is true', { OTEL_SDK_DISABLED: 'true' }],
    ['OTEL_TRACES_EXPORTER is none', { OTEL_TRACES_EXPORTER: 'none' }],
  ])('cost nothing when %s: no SDK is loaded, and nothing rides with an event', async (_, off) => {
    const asked = Object.keys(off).length === 0 ? {} : tracing();
    const coverage = { NODE_V8_COVERAGE: folder };
    await callpost(['send', eventFile()], { REDIS_URL: redis.url, ...coverage, ...asked, ...off });
    expect(await redis.client.hget('bull:{voice-default}:e.call-1-ended', 'opts')).not.toContain(
      'traceparent',
    );
    const worker = await work({ ...coverage, ...asked, ...off });
    expect(await worker.line({ msg: 'attempt' })).not.toHaveProperty('traceId');
    await worker.stop();
    const loaded = loadedScripts();
    expect(loaded.filter((url) => /apps\/(worker|cli)\/dist\/main\.js$/.test(url))).toHaveLength(2);
    // prom-client loads the interface, which does nothing by itself.
    expect(loaded.filter((url) => /@opentelemetry\+(?!api@)|packages\/tracing/.test(url))).toEqual([]);
    expect(collector.spans).toEqual([]);
  });
});

it('a collector that is away is told of, and delays no delivery and no shutdown', async () => {
  collector.stop();
  await callpost(['send', eventFile()], { REDIS_URL: redis.url });
  const worker = await work({ ...tracing(), OTEL_EXPORTER_OTLP_TIMEOUT: '500' });
  await worker.line({ msg: 'attempt', outcome: 'delivered' });
  await eventually(() => worker.line({ msg: 'exporting traces failed' }));
  expect(await worker.stop()).toBe(0);
});

it('a protocol that is not spoken is a fault of the configuration', async () => {
  const worker = startProgram(fileURLToPath(new URL('../../../apps/worker/dist/main.js', import.meta.url)), {
    ...tracing(),
    OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
    REAMAZE_SHARED_SECRET: 'secret',
  });
  expect(await worker.exited()).toBe(2);
  expect(worker.output()).toContain('OTEL_EXPORTER_OTLP_PROTOCOL: found "grpc"; allowed: http/protobuf');
});
