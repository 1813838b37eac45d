/** The same endpoint as sink.c, for a machine without a C compiler. It takes about ten times as much of the CPU. */
import { createServer } from 'node:http';

const eventCount = Number(process.argv[2] ?? 0);
const firstAtUs = new BigUint64Array(eventCount);
const stats = { accepted: 0, distinct: 0, repeated: 0, unknown: 0, unsigned: 0, connections: 0, lastAtUs: 0 };
/** Every connection that has posted; never more than some hundreds. */
const posting = new Set();

const server = createServer((request, response) => {
  if (request.method === 'GET') return answerGet(request.url, response);
  posting.add(request.socket);
  stats.connections = posting.size;
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    if (request.headers['x-reamaze-hmac-sha256'] === undefined) stats.unsigned += 1;
    acceptEvent(Buffer.concat(chunks).toString());
    response.setHeader('content-type', 'application/json').end('{}');
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => process.stdout.write(`${server.address().port}\n`));
process.stdin.on('end', () => process.exit(0)).resume();

function answerGet(url, response) {
  if (url === '/times') return response.end(Buffer.from(firstAtUs.buffer));
  const { user, system } = process.cpuUsage();
  return response.end(JSON.stringify({ ...stats, cpuSeconds: (user + system) / 1e6 }));
}

function acceptEvent(body) {
  const number = Number(/"id":"[^"]*?(\d+)"/.exec(body)?.[1] ?? -1);
  stats.lastAtUs = Math.round((performance.timeOrigin + performance.now()) * 1_000);
  stats.accepted += 1;
  if (number < 0 || number >= eventCount) stats.unknown += 1;
  else if (firstAtUs[number] !== 0n) stats.repeated += 1;
  else {
    firstAtUs[number] = BigInt(stats.lastAtUs);
    stats.distinct += 1;
  }
}
