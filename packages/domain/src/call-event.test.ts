import { describe, expect, it } from 'vitest';
import { callKey, customerPhone, parseCallEvent, stampCreatedAt } from './call-event.js';
import { faultText } from './fault.js';

const valid = {
  id: 'event-1',
  to: { name: 'Support', phone: '+16505550100' },
  from: { phone: '+15105550199' },
  body: 'Call ended - duration: 0:30:05',
};

const documented = {
  id: 'voice-call-event-id',
  direction: 'inbound',
  to: { name: 'Support', phone: '+16501234567' },
  from: { name: 'Customer name', phone: '+15105559999' },
  body: 'Call ended - duration: 0:30:05',
  attachments: ['https://www.example.com/call-recording.wav'],
  created_at: '2019-08-06T23:21:15+0000',
  thread_id: 'call-session-id-1234',
  assignee: { email: 'staffemail@example.com' },
};

describe('an event that fits', () => {
  it.each([
    ["Re:amaze's own example", documented],
    ['only what is required', valid],
    [
      'null for what is optional',
      { ...valid, thread_id: null, attachments: null, assignee: null, created_at: null },
    ],
    ['an id of digits only', { ...valid, id: '1234567890' }],
    ['an id with colons', { ...valid, id: 'asterisk:1:2' }],
    ['an outbound call', { ...valid, direction: 'outbound', to: valid.from, from: valid.to }],
  ])('%s', (_, event) => {
    expect(parseCallEvent(event)).toEqual({ ok: true, event });
  });

  it('is given back itself, with the fields we do not know', () => {
    const event = { ...valid, sentiment: { score: 3 }, from: { ...valid.from, carrier: 'x' } };
    const parsed = parseCallEvent(event);
    expect(parsed.ok && parsed.event).toBe(event);
  });
});

describe('an event that does not fit names the field, the kind found and what is allowed', () => {
  it.each([
    [
      'nothing at all',
      undefined,
      'event: found nothing; allowed: an object: the call event in the JSON of Re:amaze',
    ],
    ['a list', [], 'event: found a list of 0; allowed: an object: the call event in the JSON of Re:amaze'],
    [
      'an id that is a number',
      { ...valid, id: 7 },
      'id: found a number; allowed: text of 1 to 255 characters, one per event',
    ],
    [
      'an empty id',
      { ...valid, id: '' },
      'id: found empty text; allowed: text of 1 to 255 characters, one per event',
    ],
    [
      'a long id',
      { ...valid, id: 'x'.repeat(256) },
      'id: found text of 256 characters; allowed: text of 1 to 255 characters, one per event',
    ],
    [
      'another direction',
      { ...valid, direction: 'in' },
      'direction: found text of 2 characters; allowed: inbound (the default) or outbound',
    ],
    ['no body', { ...valid, body: undefined }, 'body: found nothing; allowed: text of at least 1 character'],
    [
      'a phone without plus',
      { ...valid, from: { phone: '15105550199' } },
      'from.phone: found text that is not E.164; allowed: a phone number in E.164, such as +15105559999',
    ],
    [
      'no phone',
      { ...valid, to: {} },
      "to.phone: found nothing; allowed: the called side's phone number in E.164, such as +15105559999",
    ],
    [
      'an attachment that is no URL',
      { ...valid, attachments: ['https://a.example/x.wav', 'x.wav'] },
      'attachments[1]: found text of 5 characters; allowed: an https: or http: URL',
    ],
    [
      'an attachment with a line break',
      { ...valid, attachments: ['https://a.example/\n'] },
      'attachments[0]: found text of 19 characters; allowed: an https: or http: URL',
    ],
    [
      'a time without zone',
      { ...valid, created_at: '2019-08-06T23:21:15' },
      'created_at: found text of 19 characters; allowed: ISO 8601 of a moment that exists, with a zone, such as 2019-08-06T23:21:15+0000',
    ],
    [
      'an assignee without e-mail',
      { ...valid, assignee: { email: 'nobody' } },
      "assignee.email: found text of 6 characters; allowed: a staff member's e-mail address",
    ],
  ])('%s', (_, event, text) => {
    const parsed = parseCallEvent(event);
    expect(parsed.ok ? [] : parsed.faults.map(faultText)).toEqual([text]);
  });

  it('reports all faults at once and never a value', () => {
    const parsed = parseCallEvent({ ...valid, id: 1, from: { phone: 'secret-caller' }, body: '' });
    const texts = parsed.ok ? [] : parsed.faults.map(faultText);
    expect(texts).toHaveLength(2);
    expect(texts.join()).not.toContain('secret-caller');
  });
});

describe('withheld callers', () => {
  const withheld = ['anonymous', 'Restricted', ' unknown ', '+266696687', '+7378742833'];

  it.each(withheld)('%s is refused by default, with the reason', (phone) => {
    const parsed = parseCallEvent({ ...valid, from: { phone } });
    expect(parsed.ok ? '' : parsed.faults.map(faultText).join()).toMatch(
      /^from\.phone: found a withheld number; .*merge/,
    );
  });

  it.each(withheld)('%s is passed on when told so', (phone) => {
    expect(parseCallEvent({ ...valid, from: { phone } }, { withheldCallers: 'pass' }).ok).toBe(true);
  });

  it('is no excuse for the channel side', () => {
    expect(parseCallEvent({ ...valid, to: { phone: 'anonymous' } }, { withheldCallers: 'pass' }).ok).toBe(
      false,
    );
  });
});

describe('who the customer is, and which call it was', () => {
  it('follows the direction', () => {
    expect(customerPhone(valid)).toBe('+15105550199');
    expect(customerPhone({ ...valid, direction: 'outbound' })).toBe('+16505550100');
  });

  it('is the thread, or without one the customer', () => {
    expect(callKey({ ...valid, thread_id: 't' })).toBe('thread:t');
    expect(callKey({ ...valid, thread_id: '' })).toBe('phone:+15105550199');
    expect(callKey(valid)).toBe('phone:+15105550199');
  });
});

describe('created_at', () => {
  it('is stamped in the form of the document when absent', () => {
    expect(stampCreatedAt(valid, Date.UTC(2026, 10, 23, 1, 2, 3, 999)).created_at).toBe(
      '2026-11-23T01:02:03+0000',
    );
  });

  it('is left alone when there', () => {
    const event = { ...valid, created_at: '2019-08-06T23:21:15+0000' };
    expect(stampCreatedAt(event, 0)).toBe(event);
  });
});
