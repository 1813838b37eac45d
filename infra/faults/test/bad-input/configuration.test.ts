import { readChannels } from '@callpost/config';
import { redisUrlFault } from '@callpost/queue';
import fc from 'fast-check';
import { expect } from 'vitest';
import { anyJson, fuzz, oddText } from './fuzz.js';

const SECRET = 'hunter2-canary';

const nearlyChannels = fc
  .array(
    fc.record(
      {
        name: fc.oneof(oddText, fc.constantFrom('default', 'support', 'a'.repeat(99))),
        secret: fc.constant(SECRET),
        secretFile: oddText,
        secretEnv: oddText,
        phone: fc.oneof(oddText, fc.constant('+15105550199')),
        url: fc.oneof(oddText, fc.webUrl()),
        maxPerSecond: fc.oneof(fc.double(), fc.integer()),
        concurrency: fc.oneof(fc.double(), fc.integer()),
        shards: fc.oneof(fc.double(), fc.integer()),
        [`x${SECRET}`.slice(0, 1)]: anyJson,
      },
      { requiredKeys: ['name'] },
    ),
    { maxLength: 4 },
  )
  .map((channels) => JSON.stringify({ channels }));

const yamlish = fc
  .array(
    fc.constantFrom(
      'channels:',
      '\n',
      '  - ',
      'name: ',
      'default',
      '&a ',
      '*a',
      '!!js ',
      '<<: ',
      '|',
      '>',
      '"',
      "'",
      '{',
      '}',
      '[',
      ']',
      ': ',
      '\t',
      '# ',
      '---\n',
      `secret: ${SECRET}`,
    ),
    { maxLength: 25 },
  )
  .map((parts) => parts.join(''));

fuzz(
  'any channels file is channels or faults, and no fault quotes a secret',
  6_000,
  fc.oneof(
    nearlyChannels,
    yamlish,
    oddText,
    anyJson.map((value) => JSON.stringify(value)),
  ),
  (content) => {
    const read = readChannels({ CHANNELS_FILE: '/channels.yaml' }, () => content);
    if (read.ok) {
      expect(read.value.channels.length).toBeGreaterThan(0);
      return;
    }
    expect(read.faults.length).toBeGreaterThan(0);
    expect(JSON.stringify(read.faults)).not.toContain(SECRET);
  },
);

const nearlyUrl = fc
  .tuple(
    fc.constantFrom(
      'redis://',
      'rediss://',
      'redis+sentinel://',
      'rediss+cluster://',
      'unix://',
      'http://',
      '',
    ),
    fc.oneof(
      fc.constant(''),
      oddText.map((text) => `u:${SECRET}${text}@`),
      fc.constant(`:${SECRET}@`),
    ),
    fc.oneof(oddText, fc.constantFrom('a,b:1', '[::1]:7', 'h:99999', 'a,,b')),
    fc.oneof(oddText, fc.constantFrom('', '/0', '/calls/1', '/x?sentinelPassword=y', '/%zz')),
  )
  .map((parts) => parts.join(''));

fuzz(
  'any REDIS_URL is understood or refused without its password',
  6_000,
  fc.oneof(nearlyUrl, oddText),
  (url) => {
    const fault = redisUrlFault(url);
    if (fault !== null) expect(fault).not.toContain(SECRET);
  },
);
