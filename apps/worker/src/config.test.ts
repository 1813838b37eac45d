import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { faultText } from '@callpost/domain';
import { expect, it } from 'vitest';
import { readConfig } from './config.js';

const secret = { REAMAZE_SHARED_SECRET: 'shared-secret' };

it('needs nothing but a secret', () => {
  const config = readConfig(secret);
  expect(config.ok && config.value).toMatchObject({
    redisUrl: 'redis://127.0.0.1:6379',
    concurrency: 100,
    requestTimeoutMs: 15_000,
    metricsPort: 9_464,
    channels: {
      channels: [{ name: 'default', url: 'https://www.reamaze.io/incoming/voice', secret: 'shared-secret' }],
    },
  });
});

it('reports every fault at once, with what was found and what is allowed, and no secret', () => {
  const config = readConfig({
    REDIS_URL: 'http://user:hunter2@redis',
    REAMAZE_URL: 'http://re.example.com/voice',
    REAMAZE_SHARED_SECRET: 'shared-secret',
    REAMAZE_SHARED_SECRET_FILE: '/run/secret',
    WORKER_CONCURRENCY: '0',
    REQUEST_TIMEOUT_MS: '5s',
    RETRYABLE_STATUS: '408,500',
    LOG_LEVEL: 'loud',
  });
  const faults = config.ok ? [] : config.faults.map(faultText);
  expect(faults).toEqual([
    'REDIS_URL: found text of 25 characters; allowed: redis://host:port, rediss://… for TLS, or unix:///path; for several servers redis+sentinel://host,host/master-name or redis+cluster://host,host',
    'WORKER_CONCURRENCY: found "0"; allowed: a whole number from 1 to 10000',
    'REQUEST_TIMEOUT_MS: found "5s"; allowed: a whole number of milliseconds from 100 to 600000',
    'RETRYABLE_STATUS: found "408,500"; allowed: 4xx status codes with commas between, such as 408,425,429, or none',
    'LOG_LEVEL: found "loud"; allowed: trace, debug, info, warn, error, fatal, silent',
    'REAMAZE_SHARED_SECRET_FILE: found REAMAZE_SHARED_SECRET set as well; allowed: one of the two',
    expect.stringMatching(
      /^REAMAZE_URL: found another URL; allowed: an https: URL, since .*REAMAZE_ALLOW_HTTP=true\)$/,
    ),
  ]);
  expect(faults.join()).not.toMatch(/hunter2|shared-secret/);
});

it.each(['http://127.0.0.1:8080/voice', 'http://localhost/voice', 'http://[::1]:1/voice'])(
  'allows http to loopback: %s',
  (REAMAZE_URL) => expect(readConfig({ ...secret, REAMAZE_URL }).ok).toBe(true),
);

it('says that it has no channel at all', () => {
  const config = readConfig({});
  expect(config.ok ? [] : config.faults.map(faultText)).toEqual([
    'REAMAZE_SHARED_SECRET: found nothing; allowed: one of REAMAZE_SHARED_SECRET, REAMAZE_SHARED_SECRET_FILE or CHANNELS_FILE',
  ]);
});

function channelsFile(content: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'callpost-channels-')), 'channels.yaml');
  writeFileSync(path, content);
  return path;
}

it('reads several channels, each with its own way to a secret', () => {
  const secretFile = channelsFile('from-a-file\n');
  const CHANNELS_FILE = channelsFile(`
channels:
  - { name: sales, phone: "+16505550100", secretEnv: SALES_SECRET, maxPerSecond: 5, concurrency: 7, shards: 4 }
  - { name: support, secretFile: ${secretFile}, url: https://brand.reamaze.io/incoming/voice }
  - { name: later, secretEnv: NOT_SET }
`);
  const config = readConfig({ CHANNELS_FILE, SALES_SECRET: ' from-env ' });
  expect(config.ok && config.value.channels.channels).toMatchObject([
    { name: 'sales', secret: 'from-env', maxPerSecond: 5, concurrency: 7, shards: 4, phone: '+16505550100' },
    {
      name: 'support',
      secret: 'from-a-file',
      url: 'https://brand.reamaze.io/incoming/voice',
      maxPerSecond: null,
      shards: 1,
    },
    { name: 'later', secret: null, secretSource: 'environment variable NOT_SET' },
  ]);
  expect(config.ok && config.value.channels.files).toEqual([CHANNELS_FILE, secretFile]);
});

it.each([
  ['channels: [', /^CHANNELS_FILE: found a syntax error in line \d/],
  [
    'channels: [{ name: a, secret: *s3cr3t }]',
    /^CHANNELS_FILE: found an alias or tag that leads nowhere; allowed/,
  ],
  ['[]', /^CHANNELS_FILE: found a list of 0; allowed: an object with one key, channels/],
  ['channels: []', /^channels: found a list of 0; allowed: at least one channel/],
  [
    'channels: [{ name: Sales, secret: x }]',
    /^channels\[0\]\.name: found text of 5 characters; allowed: 1 to 63/,
  ],
  [
    'channels: [{ name: a, secret: x, secretEnv: Y }]',
    /^channels\[0\]: found 2 of them; allowed: exactly one of/,
  ],
  ['channels: [{ name: a }]', /^channels\[0\]: found none of them; allowed: exactly one of/],
  [
    'channels: [{ name: a, secret: x, colour: red }]',
    /^channels\[0\]: found an object; allowed: no other key .*found colour/,
  ],
  [
    'channels: [{ name: a, secret: x, phone: 16505550100 }]',
    /^channels\[0\]\.phone: found a number; .* in quotes/,
  ],
  [
    'channels: [{ name: a, secret: x, shards: 0 }]',
    /^channels\[0\]\.shards: found .*; allowed: a whole number of queues, .* from 1 to 64/,
  ],
  [
    'channels: [{ name: a, secret: x, shards: 65 }]',
    /^channels\[0\]\.shards: found .*; allowed: a whole number of queues, .* from 1 to 64/,
  ],
  [
    'channels: [{ name: a, secret: x, shards: 1.5 }]',
    /^channels\[0\]\.shards: found .*; allowed: a whole number of queues, .* from 1 to 64/,
  ],
  [
    'channels: [{ name: a, secret: x }, { name: a, secret: y }]',
    /^channels\[1\]\.name: found a name that another/,
  ],
])('%s', (content, text) => {
  const config = readConfig({ CHANNELS_FILE: channelsFile(content) });
  expect(config.ok ? [] : config.faults.map(faultText)).toEqual([expect.stringMatching(text)]);
});

it('says when the channels file is not there', () => {
  const config = readConfig({ CHANNELS_FILE: '/nowhere/channels.yaml' });
  expect(config.ok ? [] : config.faults.map(faultText)).toEqual([
    'CHANNELS_FILE: found no readable file; allowed: the path of a YAML or JSON file',
  ]);
});
