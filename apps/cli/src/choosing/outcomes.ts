/** How many letters of each channel came to which end. */
export interface Outcomes<Outcome extends string> {
  add(channel: string, outcome: Outcome, count?: number): void;
  /** Over all channels. */
  count(outcome: Outcome): number;
  of(channel: string, outcome: Outcome): number;
}

export function createOutcomes<Outcome extends string>(): Outcomes<Outcome> {
  const counts = new Map<Outcome, Map<string, number>>();
  const byChannel = (outcome: Outcome) => counts.get(outcome) ?? new Map<string, number>();
  return {
    add(channel, outcome, count = 1) {
      const channels = byChannel(outcome);
      counts.set(outcome, channels.set(channel, (channels.get(channel) ?? 0) + count));
    },
    count: (outcome) => [...byChannel(outcome).values()].reduce((sum, count) => sum + count, 0),
    of: (channel, outcome) => byChannel(outcome).get(channel) ?? 0,
  };
}
