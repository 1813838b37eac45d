import { expect, it } from 'vitest';
import { warningsOf } from './event-warnings.js';

const event = {
  id: 'e',
  to: { phone: '+16505550100' },
  from: { phone: '+15105550199' },
  body: 'x',
  thread_id: 't',
};

it.each([
  [{}, []],
  [{ thread_id: null }, ['thread_id_missing']],
  [{ attachments: ['http://a.example/x'] }, ['attachment_not_https']],
  [{ attachments: ['https://u:p@a.example/x'] }, ['attachment_has_credentials']],
  [{ attachments: ['https://a.example/x?X-Amz-Expires=300'] }, ['attachment_expires']],
  [{ attachments: ['https://a.example/x?user=a@b'] }, []],
])('%j', (change, warnings) => expect(warningsOf({ ...event, ...change })).toEqual(warnings));
