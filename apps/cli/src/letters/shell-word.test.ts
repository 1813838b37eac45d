import { execFileSync } from 'node:child_process';
import { jobIdOf } from '@callpost/queue';
import { expect, test } from 'vitest';
import { shellWordOf } from './shell-word.js';

const wordOf = (eventId: string | null) => shellWordOf({ eventId, jobId: jobIdOf(eventId ?? '17') });

test.each(['call-17-ended', 'genesys:9c1/1763@x', "it's; rm -rf $HOME `id`", 'two words', '電話'])(
  'a shell reads the word for %s as the id itself',
  (id) => {
    expect(execFileSync('sh', ['-c', `printf %s ${wordOf(id)}`]).toString()).toBe(id);
  },
);

test('where the event id cannot be shown, or is none, the job id stands for it', () => {
  expect(wordOf('a\x1b[2Jb')).toBe("'e.a%1B[2Jb'");
  expect(wordOf(null)).toBe('e.17');
});
