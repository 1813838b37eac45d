import { type Dashboard, GOOD_IF_ZERO } from './dashboard.js';

const ON = 'channel=~"$channel"';

/** For whoever answers for the call centre: do our calls arrive, and if not, since when and until when? */
export const overview: Dashboard = {
  uid: 'callpost-overview',
  title: 'Callpost overview',
  description: 'Do the calls arrive in Re:amaze, and when are we caught up?',
  byChannel: true,
  rows: [
    {
      title: 'Now',
      panels: [
        {
          title: 'Delivered within 60 s',
          description:
            'Of the events of the past hour, on the channel that does worst; the objective is 99.9 %. An event that was not delivered yet counts as late.',
          kind: 'figure',
          unit: 'percentunit',
          decimals: 2,
          colours: ['red', [0.99, 'orange'], [0.999, 'green']],
          queries: [{ expr: `1 - max(channel:callpost_events_late:ratio_rate1h{${ON}})` }],
          alerts: ['CallpostBudgetBurnsFast'],
        },
        {
          title: 'Events waiting',
          description: 'Everything that still has to be delivered, also what is being retried.',
          kind: 'figure',
          unit: 'short',
          decimals: 0,
          queries: [{ expr: `sum(channel:callpost_backlog:sum{${ON}})` }],
        },
        {
          title: 'Caught up in',
          description:
            'Until nothing waits any more, if it goes on as in the past 5 minutes. Infinite while the backlog does not shrink.',
          kind: 'figure',
          unit: 's',
          colours: ['green', [600, 'orange'], [3_600, 'red']],
          queries: [{ expr: `max(callpost_drain_eta_seconds{${ON}})` }],
        },
        {
          title: 'Dead letters',
          description: 'Events that Re:amaze refused or that grew too old. A person has to look at them.',
          kind: 'figure',
          unit: 'short',
          decimals: 0,
          colours: ['green', [1, 'orange'], [1_000, 'red']],
          queries: [{ expr: `sum(channel_state:callpost_queue_jobs:max{${ON}, state="dead"})` }],
          alerts: ['CallpostLettersUntriaged'],
        },
        {
          title: 'Pages',
          description: 'Alerts for which somebody is being woken.',
          kind: 'figure',
          unit: 'short',
          decimals: 0,
          colours: GOOD_IF_ZERO,
          queries: [
            {
              expr: 'count(ALERTS{alertname=~"Callpost.*", alertstate="firing", severity="page"}) or vector(0)',
            },
          ],
        },
        {
          title: 'Workers',
          description: 'Worker processes that Prometheus reaches.',
          kind: 'figure',
          unit: 'short',
          decimals: 0,
          colours: ['red', [1, 'green']],
          queries: [{ expr: 'sum(callpost_build_info) or vector(0)' }],
          alerts: ['CallpostNoWorkers'],
        },
      ],
    },
    {
      title: 'Over time',
      panels: [
        {
          title: 'Events in and out',
          description:
            'What producers hand over and what Re:amaze takes. The two lie on each other while all is well.',
          kind: 'lines',
          unit: 'reqps',
          queries: [
            {
              expr: `sum(rate(channel:callpost_events_accepted:max{${ON}}[$__rate_interval]))`,
              legend: 'accepted',
            },
            {
              expr: `sum(rate(callpost_delivery_attempts_total{${ON}, outcome="delivered"}[$__rate_interval]))`,
              legend: 'delivered',
            },
          ],
        },
        {
          title: 'Not delivered within 60 s',
          description:
            'The share of the events of the past hour. Dashed: at this rate the budget of a month lasts for two days, and somebody is woken.',
          kind: 'lines',
          unit: 'percentunit',
          colours: ['green', [0.0144, 'red']],
          queries: [{ expr: `channel:callpost_events_late:ratio_rate1h{${ON}}`, legend: '{{channel}}' }],
          alerts: ['CallpostBudgetBurnsFast'],
        },
        {
          title: 'Waiting by channel',
          description: 'Everything that still has to be delivered.',
          kind: 'stacked',
          unit: 'short',
          queries: [{ expr: `channel:callpost_backlog:sum{${ON}}`, legend: '{{channel}}' }],
        },
        {
          title: 'Dead letters by channel',
          description: 'What waits for a person. It falls when letters are replayed or discarded.',
          kind: 'stacked',
          unit: 'short',
          queries: [
            { expr: `channel_state:callpost_queue_jobs:max{${ON}, state="dead"}`, legend: '{{channel}}' },
          ],
          alerts: ['CallpostDeadLetterSurge'],
        },
      ],
    },
  ],
};
