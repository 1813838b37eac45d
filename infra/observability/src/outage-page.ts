import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { eventually } from '@callpost/testkit';
import { type OutageFacts, onCallPage } from './on-call-page.js';
import { drawOutage, STEP_MINUTES } from './outage-plots.js';
import { type OutageStage, startOutageStage } from './outage-stage.js';
import { query, queryRange, type Series } from './prometheus-api.js';
import { ROOT } from './repository.js';

/*
 * `npm run docs:outage`: lets Re:amaze fail for a while, looks at it as the alerts and dashboards do, and writes
 * docs/on-call.md with its plots. By default with the deployed configuration in real time, which takes 36 minutes;
 * `--faster 30` for a rehearsal; `--redraw` makes page and plots anew from what was recorded last.
 */

const { values } = parseArgs({
  options: { faster: { type: 'string', default: '1' }, redraw: { type: 'boolean', default: false } },
});

/** Minutes of the story. */
const HEALTHY = 6;
const OUTAGE = 12;
const AFTER = 18;
const EVENTS_PER_SECOND = 10;

const RECORD = join(ROOT, '.callpost/outage.json');
const IMAGES = join(ROOT, 'docs/images/on-call');

interface Recorded {
  readonly facts: OutageFacts;
  readonly startedAtMs: number;
  /** By query. */
  readonly answers: Readonly<Record<string, readonly Series[]>>;
}

if (values.redraw) {
  const { facts, startedAtMs, answers } = JSON.parse(readFileSync(RECORD, 'utf8')) as Recorded;
  await write(facts, startedAtMs, async (expression) => answers[expression] ?? []);
} else {
  await run(Number(values.faster));
}

async function run(factor: number): Promise<void> {
  const minutes = (count: number) => sleep((count * 60_000) / factor);
  const stage = await startOutageStage({ factor, eventsPerSecond: EVENTS_PER_SECOND });
  const { prometheus } = stage.monitoring;
  try {
    await eventually(async () => (await query(prometheus, 'sum(up)'))[0]?.points[0]?.value === 2, 120_000);
    const startedAtMs = Date.now();
    await minutes(HEALTHY);
    const failedAtMs = Date.now();
    stage.failWith(503);
    await minutes(OUTAGE);
    const healedAtMs = Date.now();
    stage.heal();
    await minutes(AFTER);

    const minuteOf = (atMs: number) => ((atMs - startedAtMs) * factor) / 60_000;
    const facts: OutageFacts = {
      factor,
      eventsPerSecond: EVENTS_PER_SECOND,
      outage: [minuteOf(failedAtMs), minuteOf(healedAtMs)],
      endMinute: minuteOf(Date.now()),
      pages: pagesOf(stage, failedAtMs, minuteOf),
      accepted: stage.accepted.size,
      missing: [...stage.accepted].filter((id) => !stage.delivered.has(id)).length,
    };
    const range = { start: startedAtMs / 1_000, end: Date.now() / 1_000, step: (STEP_MINUTES * 60) / factor };
    const answers: Record<string, readonly Series[]> = {};
    await write(facts, startedAtMs, async (expression) => {
      const answer = await queryRange(prometheus, expression, range);
      answers[expression] = answer;
      return answer;
    });
    mkdirSync(join(ROOT, '.callpost'), { recursive: true });
    writeFileSync(RECORD, JSON.stringify({ facts, startedAtMs, answers } satisfies Recorded));
    process.stdout.write(`${JSON.stringify(facts, null, 2)}\n`);
  } finally {
    await stage.stop();
  }
}

async function write(
  facts: OutageFacts,
  startedAtMs: number,
  ask: (expression: string) => Promise<readonly Series[]>,
): Promise<void> {
  const plots = await drawOutage({ facts, startedAtMs, ask });
  mkdirSync(IMAGES, { recursive: true });
  for (const [name, svg] of plots) writeFileSync(join(IMAGES, `${name}.svg`), svg);
  writeFileSync(join(ROOT, 'docs/on-call.md'), onCallPage(facts));
}

/** Who was told what when, about paging alerts: the first time of each. What was kept back while it fired is not resolved either. */
function pagesOf(
  { monitoring }: OutageStage,
  sinceMs: number,
  minuteOf: (atMs: number) => number,
): OutageFacts['pages'] {
  const seen = new Set<string>();
  return monitoring.receiver.notifications
    .filter(({ receiver, atMs }) => receiver === 'page' && atMs >= sinceMs)
    .flatMap(({ alerts, atMs }) =>
      alerts.map(({ status, labels }) => ({
        alert: labels.alertname ?? '',
        status,
        minute: minuteOf(atMs),
      })),
    )
    .filter(({ alert, status }) => {
      const isNew = !seen.has(`${alert} ${status}`);
      const wasTold = status === 'firing' || seen.has(`${alert} firing`);
      seen.add(`${alert} ${status}`);
      return isNew && wasTold;
    });
}
