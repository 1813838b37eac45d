import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRedis } from '@callpost/testkit';
import { startSink } from './sink.mjs';

/**
 * As Callpost recommends it, but for the rewriting of the append-only file, which would fall into some runs and not into
 * others.
 */
const REDIS_SETTINGS = [
  ...['--appendonly', 'yes', '--appendfsync', 'everysec', '--auto-aof-rewrite-percentage', '0'],
  ...['--maxmemory-policy', 'noeviction'],
];

/**
 * A Redis, a sink and a folder of one run's own, so that no run leaves anything to the next.
 *
 * @param {{ sink: ReturnType<typeof import('./sink.mjs').buildSink>, eventCount: number }} options
 */
export async function withStage({ sink: sinkProgram, eventCount }, body) {
  const folder = mkdtempSync(join(tmpdir(), 'callpost-bench-'));
  const redis = await startRedis(REDIS_SETTINGS);
  const sink = await startSink(sinkProgram, eventCount);
  const programs = [];
  try {
    return await body({
      folder,
      redis,
      redisSocket: redis.url.slice('unix://'.length),
      sink,
      /** Started here, a program is stopped at the end of the run at the latest. */
      add(program) {
        programs.push(program);
        return program;
      },
      programs,
    });
  } finally {
    await Promise.all(programs.map((program) => program.stop()));
    await sink.stop();
    await redis.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @returns {Promise<number>} bytes */
export async function redisMemory(redis) {
  return field(await redis.client.info('memory'), 'used_memory');
}

export async function redisCpuSeconds(redis) {
  const cpu = await redis.client.info('cpu');
  return field(cpu, 'used_cpu_user') + field(cpu, 'used_cpu_sys');
}

function field(info, name) {
  return Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(info)?.[1]);
}
