import type { RedisConnection } from './redis-clients.js';

/** Keys first, then arguments. */
type RunScript<Answer> = (redis: RedisConnection, ...parameters: string[]) => Promise<Answer>;

/**
 * A script as a command of the connection, which sends its text only to a Redis that does not have it, and else its hash.
 *
 * @param name no other script's, nor a command's of Redis
 * @typeParam Answer what the script returns, as ioredis reads it; nobody checks
 */
export function redisScript<Answer>(name: string, numberOfKeys: number, lua: string): RunScript<Answer> {
  return (redis, ...parameters) => {
    if (!(name in redis)) redis.defineCommand(name, { numberOfKeys, lua });
    const commands = redis as unknown as { readonly [command: string]: Command<Answer> };
    return (commands[name] as Command<Answer>)(...parameters);
  };
}

type Command<Answer> = (...parameters: string[]) => Promise<Answer>;
