import { connectRedis, moveRun, openRedis, planRun, readChannelStatus } from '@callpost/queue';
import { eventually } from '@callpost/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DASHBOARDS, queriesOf } from '../src/dashboards/index.js';
import { type OutageStage, startOutageStage } from '../src/outage-stage.js';
import { query, queryRange } from '../src/prometheus-api.js';
import { unlessMissing } from './tools.js';

/** 4 minutes are 8 s, a scrape every 15 s is one every half second. */
const FACTOR = 30;
const CHANNEL = 'default';
/** A channel that was braked is tried again within a second of the test's time. */
const QUICK_BRAKE = { BRAKE_COOLDOWN_MS: '200', BRAKE_MAX_COOLDOWN_MS: '1000' };
const WAIT_MS = 60_000;

let stage: OutageStage;
const startedAt = Date.now() / 1_000;

const ask = async (expression: string) => query(stage.monitoring.prometheus, expression);
const value = async (expression: string) => (await ask(expression))[0]?.points[0]?.value;
const firing = async (alert: string, state = 'firing') =>
  (await ask(`ALERTS{alertname="${alert}", alertstate="${state}"}`)).length > 0;
const told = (receiver: string) =>
  stage.monitoring.receiver.notifications.filter((one) => one.receiver === receiver);
const alertsTold = () => told('page').flatMap(({ alerts }) => alerts);
const isNothingDelivered = ({ labels }: { labels: Readonly<Record<string, string>> }) =>
  labels.alertname === 'CallpostNothingDelivered';

/** Whether a dashboard's query had a value at any time since the test began. */
async function hasData(query: string): Promise<boolean> {
  const filled = query.replaceAll('$channel', '.*').replaceAll('$__rate_interval', '5s');
  const range = { start: startedAt, end: Date.now() / 1_000, step: 1 };
  const series = await queryRange(stage.monitoring.prometheus, filled, range);
  return series.some(({ points }) => points.some(({ value }) => !Number.isNaN(value)));
}

describe.skipIf(unlessMissing('prometheus', 'alertmanager'))(
  'an outage, from the first failure to the last word',
  () => {
    beforeAll(async () => {
      stage = await startOutageStage({
        factor: FACTOR,
        eventsPerSecond: 20,
        environment: { RETRY_BASE_MS: '100', RETRY_CAP_MS: '1000', ...QUICK_BRAKE },
      });
    });
    afterAll(() => stage.stop());

    it('is scraped: two workers, one fleet', { timeout: WAIT_MS }, async () => {
      await eventually(async () => expect(await value('sum(up)')).toBe(2), WAIT_MS);
      await eventually(async () => {
        // What came in is told by both workers and counted once.
        const accepted = await value('channel:callpost_events_accepted:max');
        expect(accepted).toBeGreaterThan(20);
        expect(accepted).toBeLessThanOrEqual(stage.accepted.size);
      }, WAIT_MS);
      await eventually(
        async () => expect(await value('channel:callpost_events_late:ratio_rate5m')).toBe(0),
        WAIT_MS,
      );
    });

    it('tells the watchdog that it lives, and nobody else anything', { timeout: WAIT_MS }, async () => {
      await eventually(() => told('watchdog').length > 0, WAIT_MS);
      expect(told('page')).toEqual([]);
    });

    it('shows letters and their replay', { timeout: WAIT_MS }, async () => {
      await stage.refuse(12);
      const redis = connectRedis(stage.redis.url, 'tool');
      await openRedis(redis);
      await eventually(async () => (await readChannelStatus(redis, CHANNEL)).counts.dead === 12, WAIT_MS);
      await eventually(
        async () => (await value('sum(channel_state:callpost_queue_jobs:max{state="dead"})')) === 12,
        WAIT_MS,
      );
      stage.takeRefused();
      const plan = await planRun(redis, {
        channel: CHANNEL,
        filter: {},
        who: 'on-call',
        maxPerSecond: 50,
        now: Date.now,
        newId: () => 'run-1',
      });
      expect(plan.status).toBe('planned');
      const by = { who: 'on-call', via: 'test', comment: null };
      await moveRun(redis, { channel: CHANNEL, runId: 'run-1', move: 'start', by, nowMs: Date.now() });
      await eventually(
        async () => (await value('sum(callpost_replayed_total{outcome="delivered"})')) === 12,
        WAIT_MS,
      );
      redis.disconnect();
    });

    it('pages: pending, firing, and told to the receiver with the runbook', {
      timeout: WAIT_MS,
    }, async () => {
      stage.failWith(503);
      const failedAtMs = Date.now();
      await eventually(() => firing('CallpostNothingDelivered', 'pending'), WAIT_MS);
      await eventually(() => firing('CallpostNothingDelivered'), WAIT_MS);
      const alert = await eventually(() => alertsTold().find(isNothingDelivered) ?? false, WAIT_MS);
      expect(alert).toMatchObject({
        status: 'firing',
        labels: { channel: CHANNEL, severity: 'page' },
        annotations: { runbook_url: 'docs/runbooks/CallpostNothingDelivered.md' },
      });
      // The time scale of the test; that 6 minutes hold is shown by the rule tests.
      expect(Date.now() - failedAtMs).toBeLessThan(WAIT_MS);
    });

    it('silences the symptoms while nothing is delivered', { timeout: WAIT_MS }, async () => {
      await eventually(() => firing('CallpostBudgetBurnsFast'), WAIT_MS);
      await eventually(async () => {
        const alerts = (await (await fetch(`${stage.monitoring.alertmanager}/api/v2/alerts`)).json()) as {
          labels: Record<string, string>;
          status: { state: string };
        }[];
        const stateOf = (name: string) =>
          alerts.find(({ labels }) => labels.alertname === name)?.status.state;
        expect(stateOf('CallpostNothingDelivered')).toBe('active');
        expect(stateOf('CallpostBudgetBurnsFast')).toBe('suppressed');
      }, WAIT_MS);
    });

    it('gets data for every query of every dashboard', { timeout: WAIT_MS }, async () => {
      let empty = [...new Set(DASHBOARDS.flatMap(queriesOf))];
      expect(empty.length).toBeGreaterThan(50);
      await eventually(async () => {
        const answers = await Promise.all(empty.map(hasData));
        empty = empty.filter((_, index) => !answers[index]);
        expect(empty).toEqual([]);
      }, WAIT_MS);
    });

    it('ends: the alerts resolve, the receiver is told, and nothing is lost', {
      timeout: 2 * WAIT_MS,
    }, async () => {
      stage.heal();
      await eventually(async () => !(await firing('CallpostNothingDelivered')), WAIT_MS);
      await eventually(
        () => alertsTold().some((alert) => isNothingDelivered(alert) && alert.status === 'resolved'),
        WAIT_MS,
      );
      await eventually(() => [...stage.accepted].every((id) => stage.delivered.has(id)), WAIT_MS);
      expect(stage.workers.flatMap(({ lines }) => lines).filter(({ level }) => Number(level) >= 60)).toEqual(
        [],
      );
    });
  },
);
