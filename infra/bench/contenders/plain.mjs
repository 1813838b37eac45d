/**
 * The best that a plain BullMQ Worker loop was made to do, with nothing on: no validation, order, metrics, log, deadline
 * or verdict. The bar that Callpost is measured against.
 */
import { createHmac, createSecretKey } from 'node:crypto';
import { Worker } from 'bullmq';
import { Pool } from 'undici';

const { REDIS_SOCKET, ENDPOINT_URL, SECRET } = process.env;
const { origin, pathname } = new URL(ENDPOINT_URL);
const key = createSecretKey(Buffer.from(SECRET));
const pool = new Pool(origin, { connections: 64, headersTimeout: 0, bodyTimeout: 0 });

const worker = new Worker('calls', async ({ data }) => post(Buffer.from(JSON.stringify(data))), {
  connection: { path: REDIS_SOCKET },
  concurrency: 100,
  removeOnComplete: { count: 0 },
});
worker.on('error', (error) => console.error(error.message));

function post(body) {
  return new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/json',
      'x-reamaze-hmac-sha256': createHmac('sha256', key).update(body).digest('base64'),
    };
    let status = 0;
    pool.dispatch(
      { path: pathname, method: 'POST', headers, body },
      {
        onRequestStart() {},
        onResponseStart(_controller, code) {
          status = code;
        },
        onResponseData() {},
        onResponseEnd() {
          if (status < 300) resolve();
          else reject(new Error(`HTTP ${status}`));
        },
        onResponseError(_controller, error) {
          reject(error);
        },
      },
    );
  });
}

process.on('SIGTERM', async () => {
  await worker.close();
  process.exit(0);
});
