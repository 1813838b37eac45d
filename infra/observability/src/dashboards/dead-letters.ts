import type { Dashboard } from './dashboard.js';

const ON = 'channel=~"$channel"';

/** For whoever triages: how many letters, why, since when, and whether the replay works. */
export const deadLetters: Dashboard = {
  uid: 'callpost-dead-letters',
  title: 'Callpost dead letters and replay',
  description:
    'What waits for a person, why it died, and whether sending it again works. `callpost dlq causes` says more.',
  byChannel: true,
  rows: [
    {
      title: 'Letters',
      panels: [
        {
          title: 'Dead letters',
          description: 'Kept until a person replays or discards them.',
          kind: 'figure',
          unit: 'short',
          decimals: 0,
          colours: ['green', [1, 'orange'], [1_000, 'red']],
          queries: [{ expr: `sum(channel_state:callpost_queue_jobs:max{${ON}, state="dead"})` }],
        },
        {
          title: 'Oldest letter',
          description: 'Time since it died; a day is a ticket.',
          kind: 'figure',
          unit: 's',
          colours: ['green', [86_400, 'orange']],
          queries: [{ expr: `max(callpost_queue_oldest_job_age_seconds{${ON}, state="dead"})` }],
          alerts: ['CallpostLettersUntriaged'],
        },
        {
          title: 'Died in the past hour',
          description: 'Over all reasons.',
          kind: 'figure',
          unit: 'short',
          decimals: 0,
          queries: [{ expr: `sum(increase(callpost_dead_letters_total{${ON}}[1h]))` }],
          alerts: ['CallpostDeadLetterSurge'],
        },
        {
          title: 'Turned away in the past hour',
          description:
            'Events that producers were refused because they do not fit the schema. They are in no queue.',
          kind: 'figure',
          unit: 'short',
          decimals: 0,
          colours: ['green', [1, 'orange']],
          queries: [{ expr: `sum(increase(channel:callpost_events_invalid:max{${ON}}[1h]))` }],
          alerts: ['CallpostInvalidEvents'],
        },
        {
          title: 'Duplicates in the past hour',
          description:
            'Events that producers sent again with an id that was known. Nothing is wrong with them.',
          kind: 'figure',
          unit: 'short',
          decimals: 0,
          queries: [{ expr: `sum(increase(channel:callpost_events_duplicate:max{${ON}}[1h]))` }],
        },
        {
          title: 'Dropped in the past day',
          description: 'Letters that grew older than DLQ_RETENTION_DAYS.',
          kind: 'figure',
          unit: 'short',
          decimals: 0,
          queries: [{ expr: `sum(increase(callpost_dead_letters_dropped_total{${ON}}[1d]))` }],
        },
        {
          title: 'Why they die',
          description: 'Deaths by reason. Many of one reason have one cause: `callpost dlq causes`.',
          kind: 'stacked',
          unit: 'reqps',
          queries: [
            {
              expr: `sum by (reason) (rate(callpost_dead_letters_total{${ON}}[$__rate_interval])) > 0`,
              legend: '{{reason}}',
            },
          ],
          alerts: ['CallpostDeadLetterSurge'],
        },
        {
          title: 'Letters by channel',
          description: 'It falls when letters are replayed or discarded.',
          kind: 'stacked',
          unit: 'short',
          queries: [
            { expr: `channel_state:callpost_queue_jobs:max{${ON}, state="dead"}`, legend: '{{channel}}' },
          ],
        },
      ],
    },
    {
      title: 'Replay',
      panels: [
        {
          title: 'Replayed letters',
          description: 'What became of them. Mostly dead: the cause is not mended yet.',
          kind: 'stacked',
          unit: 'reqps',
          queries: [
            {
              expr: `sum by (outcome) (rate(callpost_replayed_total{${ON}}[$__rate_interval]))`,
              legend: '{{outcome}}',
            },
          ],
        },
        {
          title: 'Letters left in running replays',
          description: 'Not sent yet.',
          kind: 'lines',
          unit: 'short',
          queries: [
            { expr: `max by (channel) (callpost_replay_letters_left{${ON}})`, legend: '{{channel}}' },
          ],
        },
        {
          title: 'Replay runs',
          description:
            'Running, paused by a person, or stopped because too many of the first letters died again.',
          kind: 'lines',
          unit: 'short',
          queries: [
            {
              expr: `sum by (state) (max by (channel, state) (callpost_replay_runs{${ON}}))`,
              legend: '{{state}}',
            },
          ],
          alerts: ['CallpostReplayStopped'],
        },
        {
          title: 'Replay to delivered',
          description: 'How long replayed letters take, below live traffic.',
          kind: 'lines',
          unit: 's',
          queries: [
            {
              expr: `histogram_quantile(0.95, sum by (le) (rate(callpost_delivery_latency_seconds_bucket{${ON}, origin="replay"}[$__rate_interval])))`,
              legend: '95 %',
            },
          ],
        },
      ],
    },
  ],
};
