/** One thing that happens in a call, as a phone system would report it. */
export interface ScriptLine {
  readonly body: string;
  /** The last part of the URL of a recording, when there is one. */
  readonly recording?: string;
  /** E-mail of the agent who has the call from now on. */
  readonly assignee?: string;
}

/** What happens in a call from its start to its end. */
export interface CallScript {
  /** In a few words, for people. */
  readonly kind: string;
  readonly direction: 'inbound' | 'outbound';
  /** In order. */
  readonly lines: readonly ScriptLine[];
}

/** The kinds of calls a call centre has most, two to five events each. */
export const CALL_SCRIPTS: readonly CallScript[] = [
  {
    kind: 'answered and recorded',
    direction: 'inbound',
    lines: [
      { body: 'Call started - inbound - queue Billing' },
      { body: 'Call answered - agent Jane', assignee: 'jane@example.com' },
      { body: 'Call transferred - to agent Omar', assignee: 'omar@example.com' },
      { body: 'Call ended - duration: 0:07:12' },
      { body: 'Call recording available', recording: 'recording.wav' },
    ],
  },
  {
    kind: 'called back',
    direction: 'outbound',
    lines: [
      { body: 'Call started - outbound - agent Mei', assignee: 'mei@example.com' },
      { body: 'Call answered' },
      { body: 'Call ended - duration: 0:03:40' },
      { body: 'Call recording available', recording: 'recording.wav' },
    ],
  },
  {
    kind: 'missed',
    direction: 'inbound',
    lines: [
      { body: 'Call started - inbound - queue Support' },
      { body: 'Missed call - waited 0:00:42 - abandoned' },
    ],
  },
  {
    kind: 'left a voicemail',
    direction: 'inbound',
    lines: [
      { body: 'Call started - inbound - queue Sales' },
      { body: 'Missed call - waited 0:01:30 - no agent free' },
      { body: 'Voicemail - 0:00:38', recording: 'voicemail.wav' },
    ],
  },
];

/** Customers of nobody's; two calls apart they are other people. */
export const CUSTOMERS = [
  'Ada Park',
  'Ben Osei',
  'Chloé Martin',
  'Dev Rao',
  'Ella Novak',
  'Farid Haddad',
] as const;
