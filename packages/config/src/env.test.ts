import { faultText } from '@callpost/domain';
import { expect, it } from 'vitest';
import { checkedText, oneOf, readEnv, statusList, wholeNumber } from './env.js';

const SHAPE = {
  CONCURRENCY: wholeNumber({ min: 1, max: 9 }).default(5),
  TIMEOUT_MS: wholeNumber({ min: 10, max: 99, unit: 'of milliseconds' }),
  LEVEL: oneOf(['low', 'high']).default('low'),
  RETRYABLE: statusList.default(new Set([429])),
  REDIS_URL: checkedText((text) => (text.includes('://') ? null : 'a URL')).default('redis://127.0.0.1:6379'),
};

it('reads what is set and defaults what is not, empty text included', () => {
  const read = readEnv(SHAPE, {
    TIMEOUT_MS: ' 50 ',
    CONCURRENCY: '',
    RETRYABLE: '408, 425',
    REDIS_URL: 'unix:///tmp/s',
  });
  expect(read).toEqual({
    ok: true,
    value: {
      CONCURRENCY: 5,
      TIMEOUT_MS: 50,
      LEVEL: 'low',
      RETRYABLE: new Set([408, 425]),
      REDIS_URL: 'unix:///tmp/s',
    },
  });
});

it('has a word for an empty list, since an empty variable counts as not set', () => {
  const read = readEnv({ RETRYABLE: statusList }, { RETRYABLE: 'none' });
  expect(read.ok && read.value.RETRYABLE.size).toBe(0);
});

it('reports every fault at once; of what may hold a password only the kind', () => {
  const read = readEnv(SHAPE, {
    CONCURRENCY: '1.5',
    LEVEL: 'mid',
    RETRYABLE: '500',
    REDIS_URL: 'redis:hunter2',
  });
  expect(read.ok ? [] : read.faults.map(faultText)).toEqual([
    'CONCURRENCY: found "1.5"; allowed: a whole number from 1 to 9',
    'TIMEOUT_MS: found nothing; allowed: a whole number of milliseconds from 10 to 99',
    'LEVEL: found "mid"; allowed: low, high',
    'RETRYABLE: found "500"; allowed: 4xx status codes with commas between, such as 408,425,429, or none',
    'REDIS_URL: found text of 13 characters; allowed: a URL',
  ]);
});

it.each(['-1', '1e1', '0x5', ' ', '10', '٣'])('%j is no whole number from 1 to 9', (text) => {
  const read = readEnv({ N: wholeNumber({ min: 1, max: 9 }) }, { N: text });
  expect(read.ok).toBe(false);
});
