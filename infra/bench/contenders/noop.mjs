/** What BullMQ alone does: a job taken, nothing done with it, and the job completed. */
import { Worker } from 'bullmq';

const worker = new Worker('calls', async () => undefined, {
  connection: { path: process.env.REDIS_SOCKET },
  concurrency: 100,
  removeOnComplete: { count: 0 },
});
worker.on('error', (error) => console.error(error.message));

process.on('SIGTERM', async () => {
  await worker.close();
  process.exit(0);
});
