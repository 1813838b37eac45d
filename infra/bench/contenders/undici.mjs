/** What undici alone does: signed POSTs of the same events out of memory, 64 at a time, no queue. */
import { createHmac, createSecretKey } from 'node:crypto';
import { Pool } from 'undici';
import { benchEvents } from '../measure/events.mjs';

const { ENDPOINT_URL, SECRET, EVENTS } = process.env;
const CONNECTIONS = 64;
const { origin, pathname } = new URL(ENDPOINT_URL);
const key = createSecretKey(Buffer.from(SECRET));
const pool = new Pool(origin, { connections: CONNECTIONS, headersTimeout: 0, bodyTimeout: 0 });
const events = benchEvents(0, Number(EVENTS)).values();

function postNext() {
  const { value: event, done } = events.next();
  if (done) return;
  const body = Buffer.from(JSON.stringify(event));
  const headers = {
    'content-type': 'application/json',
    'x-reamaze-hmac-sha256': createHmac('sha256', key).update(body).digest('base64'),
  };
  pool.dispatch(
    { path: pathname, method: 'POST', headers, body },
    {
      onRequestStart() {},
      onResponseStart() {},
      onResponseData() {},
      onResponseEnd: postNext,
      onResponseError(_controller, error) {
        throw error;
      },
    },
  );
}

for (let count = 0; count < CONNECTIONS; count += 1) postNext();
const stay = setInterval(() => undefined, 1_000);
process.on('SIGTERM', () => {
  clearInterval(stay);
  process.exit(0);
});
