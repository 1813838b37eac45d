import { describe, expect, it } from 'vitest';
import { maskEcho, maskEvent, maskText, maskUrl } from './mask.js';
import { maskPhone } from './phone.js';

const event = {
  id: 'event-1',
  to: { name: 'Support', phone: '+16505550100' },
  from: { name: 'Jane "JJ" Roe', phone: '+15105550199' },
  body: 'Voicemail from my doctor',
  attachments: ['https://user:pw@files.example.com/a/b/recording.wav?sig=abc'],
  assignee: { email: 'agent.smith@example.com' },
  thread_id: 'call-1',
};

describe('a response that echoes the event', () => {
  const echo = JSON.stringify({ error: 'body is too long', at: '2026-11-23T01:02:03Z', event });
  const masked = maskEcho(echo, event);

  it.each(['Jane', 'JJ', '+15105550199', '5550199', 'doctor', 'agent.smith', 'sig=abc', 'Support'])(
    'shows no %s',
    (personal) => expect(masked).not.toContain(personal),
  );

  it.each(['body is too long', 'event-1', 'call-1', '2026-11-23'])('still shows %s', (fact) =>
    expect(masked).toContain(fact),
  );
});

describe('an echo in other clothes', () => {
  const spoken = {
    ...event,
    from: { ...event.from, name: "Ann O'Brien & José" },
    body: '<p>The PIN is blue whale, call me</p>',
  };

  it.each([
    [
      'JSON as Rails writes it',
      String.raw`{"error":"\u003cp\u003eThe PIN is blue whale, call me\u003c/p\u003e from Ann O'Brien \u0026 Jos\u00e9"}`,
    ],
    ['HTML', '&lt;p&gt;The PIN is blue whale, call me&lt;/p&gt; from Ann O&#39;Brien &amp; José'],
    ['a text cut off', "body is too long: <p>The PIN is blue wha... from Ann O'Brien & José"],
  ])('%s shows nothing of it', (_, text) => {
    expect(maskEcho(text, spoken)).not.toMatch(/PIN|whale|Brien|Jos/);
  });
});

it.each([
  ['call +1 (510) 555-0199 now', 'call +1510•••0199 now'],
  ['mail jane@example.com', 'mail •••'],
  ['see https://x.example.com/r/secret.mp3?t=1 ok', 'see https://x.example.com/•••.mp3 ok'],
  ['status 422', 'status 422'],
  ['connect ECONNREFUSED 10.11.12.130:6379', 'connect ECONNREFUSED 10.11.12.130:6379'],
  ['22.44.55.66 called', '••• called'],
  ['+15105550199\n42424242', '+1510•••4242'],
  ['42424242424242424215105550199', '42424•••0199'],
])('%s', (text, masked) => expect(maskText(text)).toBe(masked));

it('a phone number keeps its country and its end', () => {
  expect(maskPhone('+15105559999')).toBe('+1510•••9999');
  expect(maskPhone('12345')).toBe('•••');
});

it('a URL keeps host and kind', () => {
  expect(maskUrl('https://user:pw@files.example.com/a/rec.wav?sig=1')).toBe(
    'https://files.example.com/•••.wav',
  );
  expect(maskUrl('nonsense')).toBe('•••');
});

it('an event keeps its shape and its ids', () => {
  expect(maskEvent(event)).toEqual({
    id: 'event-1',
    to: { name: '•••', phone: '+1650•••0100' },
    from: { name: '•••', phone: '+1510•••0199' },
    body: '••• (24 characters)',
    attachments: ['https://files.example.com/•••.wav'],
    thread_id: 'call-1',
    assignee: { email: '•••' },
  });
});
