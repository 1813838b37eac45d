import type { OutageFacts } from './on-call-page.js';
import type { Frame } from './plots/frame.js';
import { type Curve, plotLines } from './plots/lines.js';
import { plotStates, type Timeline } from './plots/states.js';
import type { Series } from './prometheus-api.js';
import { fasterDuration } from './speed-up.js';

/** Of the story, between two points. */
export const STEP_MINUTES = 0.25;

export interface OutageRecord {
  readonly facts: OutageFacts;
  readonly startedAtMs: number;
  /** What Prometheus recorded, every {@link STEP_MINUTES}, for a query. */
  readonly ask: (expression: string) => Promise<readonly Series[]>;
}

/** The plots of an outage by their names. */
export async function drawOutage({ facts, startedAtMs, ask }: OutageRecord): Promise<Map<string, string>> {
  const { endMinute, factor, outage, pages } = facts;
  const start = startedAtMs / 1_000;
  const minuteOf = (atSeconds: number) => ((atSeconds - start) * factor) / 60;
  const curves = async (expression: string, label: string, order: readonly string[] = []): Promise<Curve[]> =>
    (await ask(expression))
      .map((series) => ({ name: series.labels[label] ?? label, points: pointsOf(series, minuteOf) }))
      .sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
  const firstPage = pages.find(({ status }) => status === 'firing');
  const frame = (title: string): Frame => ({
    title,
    endMinute,
    outage,
    markers: firstPage === undefined ? [] : [{ minute: firstPage.minute, text: 'on-call is paged' }],
  });
  const minute = fasterDuration('1m', factor);

  const attempts = await curves(
    `sum by (outcome) (rate(callpost_delivery_attempts_total[${minute}])) / ${factor}`,
    'outcome',
    ['delivered', 'retry', 'dead', 'interrupted'],
  );
  const backlog = await curves(
    'sum by (state) (channel_state:callpost_queue_jobs:max{state=~"waiting|in_flight|retrying"})',
    'state',
    ['retrying', 'waiting', 'in_flight'],
  );
  const burn = await Promise.all(
    ['5m', '1h'].map(async (window) => ({
      name: `over ${window}`,
      points:
        (await curves(`max(channel:callpost_events_late:ratio_rate${window}) / 0.001`, 'burn'))[0]?.points ??
        [],
    })),
  );
  const ages = [
    ...(await curves(
      'max by (state) (callpost_queue_oldest_job_age_seconds{state=~"waiting|retrying"})',
      'state',
    )),
    ...(await curves('max(callpost_drain_eta_seconds) < 7200', 'until caught up, if it goes on like this')),
  ].map(({ name, points }) => ({
    name,
    points: points.map((point) => ({ ...point, value: point.value / 60 })),
  }));
  const alerts = await ask('max by (alertname, alertstate) (ALERTS{severity=~"page|ticket"})');

  return new Map([
    [
      'attempts',
      plotLines(frame('Attempts a second, by outcome'), {
        curves: attempts.filter(isSomething),
        isStacked: true,
        unit: '/s',
      }),
    ],
    [
      'backlog',
      plotLines(frame('Events to be delivered, by state'), { curves: backlog, isStacked: true, unit: '' }),
    ],
    [
      'burn',
      plotLines(frame('How many times too fast the error budget is spent'), {
        curves: burn,
        thresholds: [{ value: 14.4, text: '14.4: pages' }],
        logarithmicFrom: 0.1,
        unit: '×',
      }),
    ],
    ['ages', plotLines(frame('How old, and how long still'), { curves: ages, unit: 'min' })],
    ['alerts', plotStates(frame('Alerts'), timelinesOf(alerts, minuteOf), STEP_MINUTES)],
  ]);
}

function pointsOf({ points }: Series, minuteOf: (atSeconds: number) => number) {
  return points.map(({ atSeconds, value }) => ({
    minute: Math.round(minuteOf(atSeconds) * 100) / 100,
    value,
  }));
}

function isSomething({ points }: Curve): boolean {
  return points.some(({ value }) => value > 0);
}

function timelinesOf(series: readonly Series[], minuteOf: (atSeconds: number) => number): Timeline[] {
  const names = [...new Set(series.map(({ labels }) => labels.alertname ?? ''))];
  const timelines = names.map((name) => ({
    name,
    states: series
      .filter(({ labels }) => labels.alertname === name)
      .flatMap(({ labels, points }) =>
        points.map(({ atSeconds }) => ({
          minute: minuteOf(atSeconds),
          state: labels.alertstate === 'firing' ? ('firing' as const) : ('pending' as const),
        })),
      ),
  }));
  return timelines.sort((a, b) => firstOf(a) - firstOf(b));
}

function firstOf({ states }: Timeline): number {
  return Math.min(...states.map(({ minute }) => minute));
}
