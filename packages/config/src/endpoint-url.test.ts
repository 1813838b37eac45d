import { expect, it } from 'vitest';
import { endpointUrlFault } from './endpoint-url.js';

it.each([
  'https://www.reamaze.io/incoming/voice',
  'https://brand.reamaze.io/incoming/voice?x=1',
  'http://127.0.0.1:8080/voice',
  'http://localhost/voice',
  'http://[::1]:1/voice',
])('%s is an endpoint', (url) => expect(endpointUrlFault(url, false)).toBeNull());

it.each([
  ['http://re.example.com/voice', /^an https: URL, since the signature covers no time/],
  ['http://localhost.example.com/', /^an https: URL, since/],
  ['http://127.0.0.1.example.com/', /^an https: URL, since/],
  ['ftp://re.example.com/', /^an https: URL$/],
  ['https://user:pw@re.example.com/', /^a URL without user name and password$/],
  ['/incoming/voice', /^an absolute https: URL$/],
  ['', /^an absolute https: URL$/],
])('%s is none', (url, allowed) => expect(endpointUrlFault(url, false)).toMatch(allowed));

it('takes http to anywhere when told so, and then only http', () => {
  expect(endpointUrlFault('http://simulator:8080/incoming/voice', true)).toBeNull();
  expect(endpointUrlFault('ftp://simulator/', true)).not.toBeNull();
});
