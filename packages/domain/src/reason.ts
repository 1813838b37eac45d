/**
 * Why an attempt did not deliver, and why a dead letter is dead: the one closed list, used in logs, metrics, letters,
 * the CLI and the docs. The text is what a person who meets the reason should know. How to add one: CONTRIBUTING.md.
 */
export const REASONS = {
  http_400: 'Re:amaze could not parse the request.',
  http_401: 'The signature was refused: the shared secret is probably not the one of this channel.',
  http_403: 'Re:amaze refuses this sender: check that the channel still exists and its secret.',
  http_404: 'No such channel at this URL: check REAMAZE_URL and that the channel still exists.',
  http_408: 'Re:amaze gave up waiting for the request.',
  http_409: 'Re:amaze sees a conflict with what it already has.',
  http_410: 'The channel is gone.',
  http_413: 'The event is larger than Re:amaze takes.',
  http_415: 'Re:amaze does not take this content type.',
  http_422: 'Re:amaze parsed the event and refuses something in it; the response excerpt says what.',
  http_425: 'Re:amaze asks for the event later.',
  http_429: 'Re:amaze limits the rate.',
  http_4xx: 'Re:amaze refuses the event with another 4xx status.',
  http_5xx: 'Re:amaze failed; a temporary failure by its own document.',
  misconfigured:
    'A redirect (3xx): the URL of the channel is not the final one. A signed POST is never redirected.',
  timeout: 'No complete answer in time.',
  dns: 'The host name could not be resolved.',
  connect: 'No connection: refused, unreachable, or not established in time.',
  tls: 'The TLS handshake or the certificate failed.',
  reset: 'The connection broke during the attempt.',
  protocol: 'What came back is not valid HTTP.',
  network: 'Another network error.',
  invalid_event: 'The event does not fit the schema and was never sent.',
  expired: 'Still failing when the event reached its greatest age.',
  exhausted: 'Still failing after the greatest number of attempts.',
  stalled: 'The worker died or lost its lock each time it tried this event.',
  shutdown: 'The worker was told to stop; the event went back and no attempt was spent.',
  lock_lost: 'The worker lost its hold on the event; another one takes it and no attempt was spent.',
  channel_held:
    'Re:amaze refuses the whole channel, so it is held; the event went back and no attempt was spent.',
  channel_braked:
    'The channel was braked before the event was posted; it went back and no attempt was spent.',
} as const;

export type Reason = keyof typeof REASONS;

export function isReason(text: string): text is Reason {
  return Object.hasOwn(REASONS, text);
}

/** Null for 2xx, which needs no reason. A status outside 200–599 is no final HTTP answer. */
export function reasonOfStatus(status: number): Reason | null {
  if (status >= 200 && status < 300) return null;
  if (status >= 300 && status < 400) return 'misconfigured';
  if (status >= 500 && status < 600) return 'http_5xx';
  if (status < 400 || status > 599) return 'protocol';
  const exact = `http_${status}`;
  return isReason(exact) ? exact : 'http_4xx';
}

/** Error codes of Node's sockets, DNS and TLS, and of undici (lib/core/errors.js), by what they mean for an event. */
const CODES_OF_REASON: ReadonlyArray<readonly [Reason, readonly string[]]> = [
  ['dns', ['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL', 'EAI_NODATA', 'EAI_NONAME', 'ENODATA', 'ESERVFAIL']],
  [
    'connect',
    [
      'ECONNREFUSED',
      'EHOSTUNREACH',
      'EHOSTDOWN',
      'ENETUNREACH',
      'ENETDOWN',
      'EADDRNOTAVAIL',
      'EMFILE',
      'ENFILE',
      'UND_ERR_CONNECT_TIMEOUT',
    ],
  ],
  ['timeout', ['ETIMEDOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'ATTEMPT_DEADLINE']],
  ['reset', ['ECONNRESET', 'ECONNABORTED', 'EPIPE', 'UND_ERR_SOCKET']],
  ['tls', ['EPROTO', 'HOSTNAME_MISMATCH', 'UND_ERR_PRX_TLS']],
  [
    'protocol',
    [
      'UND_ERR_HEADERS_OVERFLOW',
      'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
      'UND_ERR_RES_EXCEEDED_MAX_SIZE',
      'UND_ERR_RESPONSE',
    ],
  ],
];

const REASON_OF_CODE = new Map(
  CODES_OF_REASON.flatMap(([reason, codes]) => codes.map((code) => [code, reason] as const)),
);

/** OpenSSL and Node name certificate faults one by one; HTTP parser faults begin with HPE_ or have no code at all. */
const REASON_OF_CODE_FORM: ReadonlyArray<readonly [RegExp, Reason]> = [
  [
    /^(ERR_TLS_|ERR_SSL_|CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_)/,
    'tls',
  ],
  [/^(HPE_|HTTPParserError$)/, 'protocol'],
];

/** @param code `code` of the error or of its cause, or else its name; undefined when it has none */
export function reasonOfNetworkError(code: string | undefined): Reason {
  if (code === undefined) return 'network';
  return REASON_OF_CODE.get(code) ?? REASON_OF_CODE_FORM.find(([form]) => form.test(code))?.[1] ?? 'network';
}
