/*
 * What a change is worth, on a machine whose speed changes from run to run: this checkout's worker and another's deliver at
 * the same time, each with a Redis and a sink of its own, and the CPU that a delivery costs them is compared.
 *
 *   node infra/bench/beside.mjs ../another-checkout [rounds] [events]
 *
 * Both are to be built. Prints the median, the least and the greatest ratio of this one to the other.
 */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { drain } from './measure/drain.mjs';
import { buildSink } from './measure/sink.mjs';
import { median } from './measure/statistics.mjs';

const [other, rounds = '8', events = '60000'] = process.argv.slice(2);
if (other === undefined) {
  process.stderr.write(
    'Which other checkout? node infra/bench/beside.mjs ../another-checkout [rounds] [events]\n',
  );
  process.exit(2);
}

const contenders = await Promise.all(['.', resolve(other, 'infra/bench')].map(callpostOf));
const sink = buildSink();
const ratios = { 'worker CPU': [], 'Redis CPU': [] };
try {
  for (let round = 0; round < Number(rounds); round += 1) {
    const both = contenders.map((contender) => drain(contender, { sink, count: Number(events) }));
    const [ours, theirs] = await Promise.all(both);
    ratios['worker CPU'].push(ours.nodeCpuPer1000 / theirs.nodeCpuPer1000);
    ratios['Redis CPU'].push(ours.redisCpuPer1000 / theirs.redisCpuPer1000);
  }
} finally {
  sink.remove();
}
for (const [name, all] of Object.entries(ratios)) {
  const [middle, least, greatest] = [median(all), Math.min(...all), Math.max(...all)].map((ratio) =>
    ratio.toFixed(3),
  );
  process.stdout.write(`${name}: ${middle} (${least}\u2013${greatest}) of the other\n`);
}

async function callpostOf(folder) {
  const file = pathToFileURL(resolve(import.meta.dirname, folder, 'contenders/contenders.mjs'));
  const { contender } = await import(file.href);
  return contender('callpost');
}
