import type { RedisConnection } from './redis.js';

export interface RedisMemory {
  /** What counts against the limit: not the buffers of replicas and of the log. */
  readonly usedBytes: number;
  /** `maxmemory`, or the memory of the machine where none is set. */
  readonly limitBytes: number;
}

export async function readRedisMemory(redis: RedisConnection): Promise<RedisMemory> {
  const info = await redis.info('memory');
  const field = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0);
  return {
    usedBytes: field('used_memory') - field('mem_not_counted_for_evict'),
    limitBytes: field('maxmemory') || field('total_system_memory'),
  };
}
