import { describe, expect, it } from 'vitest';
import { readRedisUrl, redisUrlFault } from './redis-address.js';

const LOGIN = { username: undefined, password: undefined };

describe('a REDIS_URL', () => {
  it.each([
    ['redis://127.0.0.1:6379', { kind: 'server', url: 'redis://127.0.0.1:6379', tls: false }],
    ['rediss://u:p%40@redis/2', { kind: 'server', url: 'rediss://u:p%40@redis/2', tls: true }],
    ['unix:///run/redis.sock', { kind: 'socket', path: '/run/redis.sock' }],
    [
      'redis+sentinel://a,b:1,[::1]:2/calls',
      {
        ...LOGIN,
        kind: 'sentinel',
        sentinels: [
          { host: 'a', port: 26_379 },
          { host: 'b', port: 1 },
          { host: '::1', port: 2 },
        ],
        master: 'calls',
        db: 0,
        tls: false,
        sentinelUsername: undefined,
        sentinelPassword: undefined,
      },
    ],
    [
      'rediss+sentinel://app:a%2Fb@s:26380/calls/3?sentinelUsername=w&sentinelPassword=x%26y',
      {
        kind: 'sentinel',
        sentinels: [{ host: 's', port: 26_380 }],
        username: 'app',
        password: 'a/b',
        master: 'calls',
        db: 3,
        tls: true,
        sentinelUsername: 'w',
        sentinelPassword: 'x&y',
      },
    ],
    [
      'rediss+cluster://:secret@a,b:7001/0',
      {
        kind: 'cluster',
        nodes: [
          { host: 'a', port: 6_379 },
          { host: 'b', port: 7_001 },
        ],
        username: undefined,
        password: 'secret',
        tls: true,
      },
    ],
  ])('%s is understood', (url, address) => {
    expect(readRedisUrl(url)).toEqual({ ok: true, address });
  });

  it.each([
    ['http://redis', /^redis:\/\/host:port, rediss:\/\/… for TLS, or unix:\/\/\/path; for several servers/],
    ['redis:hunter2', /^redis:\/\/host:port/],
    ['redis://a:1,b:2', /^one host and port; .*redis\+sentinel/],
    ['redis://u:hunter2/x@host', /percent-encoded/],
    ['redis://host/calls', /db is a whole number/],
    ['rediss://host?tls=RedisCloudFixed', /without a query/],
    ['redis://host/0?maxRetriesPerRequest=3', /without a query/],
    ['unix://relative', /^unix:\/\/\/path\/to\/socket$/],
    ['redis+sentinel://a,b', /after the sentinels the master's name/],
    ['redis+sentinel://a/calls/x', /db is a whole number/],
    ['redis+sentinel://a/calls?password=hunter2', /no other query than sentinelUsername/],
    ['redis+sentinel://u:hunter2@x@a/calls', /percent-encoded/],
    ['redis+sentinel://u:%zz@a/calls', /percent-encoded/],
    ['redis+sentinel://a:99999/calls', /^redis\+sentinel:/],
    ['redis+cluster://a/1', /only the database 0/],
    ['redis+cluster://a?x=1', /without a query/],
    ['redis+cluster://', /^redis\+cluster:/],
  ])('%s is refused with what is allowed, and without a password', (url, allowed) => {
    expect(redisUrlFault(url)).toMatch(allowed);
    expect(redisUrlFault(url)).not.toContain('hunter2');
  });
});
