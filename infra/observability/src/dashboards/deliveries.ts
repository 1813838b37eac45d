import { type Dashboard, GOOD_IF_ZERO } from './dashboard.js';

const ON = 'channel=~"$channel"';

const quantiles = (histogram: string, selector: string) =>
  [0.5, 0.95, 0.99].map((quantile) => ({
    expr: `histogram_quantile(${quantile}, sum by (le) (rate(${histogram}_bucket${selector}[$__rate_interval])))`,
    legend: `${quantile * 100} %`,
  }));

/** For whoever was woken: what fails, why, whose fault it is, and whether it gets better. */
export const deliveries: Dashboard = {
  uid: 'callpost-deliveries',
  title: 'Callpost deliveries',
  description: 'For on-call: what fails, why, is it us or them, and does it get better?',
  byChannel: true,
  rows: [
    {
      title: 'What is wrong',
      panels: [
        {
          title: 'Alerts',
          description: 'Pending and firing, pages and tickets.',
          kind: 'states',
          unit: 'short',
          width: 24,
          queries: [
            {
              expr: 'max by (alertname, channel, alertstate) (ALERTS{alertname=~"Callpost.*", severity!="none"})',
              legend: '{{alertname}} {{channel}} {{alertstate}}',
            },
          ],
        },
        {
          title: 'Attempts by outcome',
          description: 'In an outage `delivered` falls to nothing and everything is a `retry`.',
          kind: 'stacked',
          unit: 'reqps',
          queries: [
            {
              expr: `sum by (outcome) (rate(callpost_delivery_attempts_total{${ON}}[$__rate_interval]))`,
              legend: '{{outcome}}',
            },
          ],
          alerts: ['CallpostNothingDelivered'],
        },
        {
          title: 'Why attempts fail',
          description:
            '5xx, timeout, reset: them or the network. 401, 403, 404: our secret or URL. 422: the events.',
          kind: 'stacked',
          unit: 'reqps',
          queries: [
            {
              expr: `sum by (reason) (rate(callpost_delivery_attempts_total{${ON}, outcome!="delivered"}[$__rate_interval])) > 0`,
              legend: '{{reason}}',
            },
          ],
          alerts: ['CallpostRefusalBurst'],
        },
      ],
    },
    {
      title: 'How late',
      panels: [
        {
          title: 'Budget burn',
          description:
            'The share of late events against the 0.1 % that the objective allows. 14.4 and 6 page.',
          kind: 'lines',
          unit: 'none',
          colours: ['green', [6, 'orange'], [14.4, 'red']],
          queries: ['5m', '30m', '1h', '6h', '3d'].map((window) => ({
            expr: `max(channel:callpost_events_late:ratio_rate${window}{${ON}}) / 0.001`,
            legend: window,
          })),
          alerts: ['CallpostBudgetBurnsFast', 'CallpostBudgetBurns', 'CallpostBudgetBurnsSlowly'],
        },
        {
          title: 'Enqueued to delivered, live events',
          description: 'Of what was delivered: blind for what was not.',
          kind: 'lines',
          unit: 's',
          queries: quantiles('callpost_delivery_latency_seconds', `{${ON}, origin="live"}`),
        },
        {
          title: 'Duration of an attempt',
          description: 'How fast Re:amaze answers, whatever it answers.',
          kind: 'lines',
          unit: 's',
          queries: quantiles('callpost_delivery_attempt_duration_seconds', ''),
        },
        {
          title: 'Before the first attempt',
          description: 'How long events wait for a worker. High, with fast attempts: too few workers.',
          kind: 'lines',
          unit: 's',
          queries: quantiles('callpost_queue_wait_seconds', ''),
          alerts: ['CallpostWorkersSaturated'],
        },
      ],
    },
    {
      title: 'What piles up',
      panels: [
        {
          title: 'Events by state',
          description:
            'waiting for a worker, in flight, waiting for a retry, parked behind an earlier event of their call.',
          kind: 'stacked',
          unit: 'short',
          queries: [
            {
              expr: `sum by (state) (channel_state:callpost_queue_jobs:max{${ON}, state!="dead"})`,
              legend: '{{state}}',
            },
          ],
        },
        {
          title: 'Oldest',
          description:
            'Age of the event that is next, of retries (at least), and how long a retry is overdue. 5 minutes page.',
          kind: 'lines',
          unit: 's',
          colours: ['green', [300, 'red']],
          queries: [
            {
              expr: `max by (state) (callpost_queue_oldest_job_age_seconds{${ON}, state!="dead"})`,
              legend: '{{state}}',
            },
            { expr: `max(callpost_retry_overdue_seconds{${ON}})`, legend: 'overdue' },
          ],
          alerts: ['CallpostEventsWaiting', 'CallpostRetriesOverdue'],
        },
        {
          title: 'Caught up in',
          description: 'By channel, if it goes on as in the past 5 minutes.',
          kind: 'lines',
          unit: 's',
          queries: [{ expr: `max by (channel) (callpost_drain_eta_seconds{${ON}})`, legend: '{{channel}}' }],
        },
        {
          title: 'Attempts per event',
          description: 'On average until delivered or dead: 1 is well, more is a storm of retries.',
          kind: 'lines',
          unit: 'none',
          queries: [
            {
              expr: 'sum(rate(callpost_delivery_attempts_per_event_sum[$__rate_interval])) / sum(rate(callpost_delivery_attempts_per_event_count[$__rate_interval]))',
              legend: 'attempts',
            },
          ],
        },
      ],
    },
    {
      title: 'Who holds it back',
      panels: [
        {
          title: 'State of the channel',
          description:
            'flowing; braked, recovering, waiting: the brake, because Re:amaze fails or asks for it; held: Re:amaze refuses; paused: a person.',
          kind: 'states',
          unit: 'none',
          queries: [
            {
              expr: `max by (channel, state) (callpost_channel_state{${ON}}) == 1`,
              legend: '{{channel}} {{state}}',
            },
          ],
          alerts: ['CallpostHeldWithBacklog'],
        },
        {
          title: 'Events kept back for',
          description: 'How long the channel has been braked, held or paused.',
          kind: 'lines',
          unit: 's',
          queries: [
            { expr: `max by (channel) (callpost_channel_brake_seconds{${ON}})`, legend: '{{channel}}' },
          ],
          alerts: ['CallpostHeldWithBacklog'],
        },
        {
          title: 'Channels held',
          description:
            '1: Re:amaze refuses everything; nothing is sent but single probes. Look at secret and URL.',
          kind: 'lines',
          unit: 'none',
          colours: GOOD_IF_ZERO,
          queries: [{ expr: `max by (channel) (callpost_channel_held{${ON}})`, legend: '{{channel}}' }],
          alerts: ['CallpostRefusalBurst'],
        },
        {
          title: 'Changes of state',
          description: 'A channel that changes again and again: Re:amaze comes and goes.',
          kind: 'stacked',
          unit: 'short',
          queries: [
            {
              expr: `sum by (state) (increase(callpost_channel_state_changes_total{${ON}}[$__rate_interval]))`,
              legend: '{{state}}',
            },
          ],
        },
        {
          title: 'Events in flight, at most',
          description:
            'What the workers may attempt at a time; the brake lowers it, and raises it again bit by bit.',
          kind: 'lines',
          unit: 'short',
          queries: [
            {
              expr: `sum by (channel) (callpost_channel_concurrency_limit{${ON}})`,
              legend: '{{channel}}',
            },
          ],
        },
        {
          title: 'Out of order',
          description:
            'Events sent before an earlier one of their call, for which they had waited as long as an event may.',
          kind: 'lines',
          unit: 'cps',
          queries: [
            {
              expr: `sum by (channel) (rate(callpost_lane_overtakes_total{${ON}}[$__rate_interval]))`,
              legend: '{{channel}}',
            },
          ],
        },
      ],
    },
  ],
};
