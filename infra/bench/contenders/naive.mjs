/** What everybody writes first: BullMQ, `fetch`, an HMAC. No more than it needs, and nothing made slow on purpose. */
import { createHmac } from 'node:crypto';
import { UnrecoverableError, Worker } from 'bullmq';

const { REDIS_SOCKET, ENDPOINT_URL, SECRET } = process.env;

const worker = new Worker(
  'calls',
  async (job) => {
    const body = JSON.stringify(job.data);
    const signature = createHmac('sha256', SECRET).update(body).digest('base64');
    const response = await fetch(ENDPOINT_URL, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-reamaze-hmac-sha256': signature },
      body,
    });
    if (response.status >= 400 && response.status < 500)
      throw new UnrecoverableError(`HTTP ${response.status}`);
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
  },
  { connection: { path: REDIS_SOCKET }, concurrency: 50 },
);
worker.on('failed', (job, error) => console.error(job?.id, error.message));
worker.on('error', (error) => console.error(error.message));

process.on('SIGTERM', async () => {
  await worker.close();
  process.exit(0);
});
