import type { Redis } from 'ioredis';
import { mastersOf, type RedisConnection } from './redis.js';

/** Of one server. */
export interface RedisMemory {
  /** `host:port`, or the path of its socket. */
  readonly server: string;
  /** What counts against the limit: not the buffers of replicas and of the log. */
  readonly usedBytes: number;
  /** `maxmemory`, or the memory of the machine where none is set. */
  readonly limitBytes: number;
}

/** Of a cluster, that of its fullest master: the first that will refuse the events of its channels. */
export async function readRedisMemory(redis: RedisConnection): Promise<RedisMemory> {
  const all = await Promise.all(mastersOf(redis).map(readServer));
  const [fullest] = all.sort((one, other) => shareOf(other) - shareOf(one));
  if (fullest === undefined) throw new Error('no master of the cluster is known');
  return fullest;
}

async function readServer(redis: Redis): Promise<RedisMemory> {
  const info = await redis.info('memory');
  const field = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0);
  const { path, host, port } = redis.options;
  return {
    server: path ?? `${host}:${port}`,
    usedBytes: field('used_memory') - field('mem_not_counted_for_evict'),
    limitBytes: field('maxmemory') || field('total_system_memory'),
  };
}

function shareOf({ usedBytes, limitBytes }: RedisMemory): number {
  return usedBytes / limitBytes;
}
