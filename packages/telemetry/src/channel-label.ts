/** Channels beyond this many share one label, so that a long channels file cannot flood Prometheus. */
const MAX_CHANNEL_LABELS = 20;

/** The first {@link MAX_CHANNEL_LABELS} channels keep their names; the others are `other`. */
export function createChannelLabel(): (channel: string) => string {
  const known = new Set<string>();
  return (channel) => {
    if (known.has(channel)) return channel;
    if (known.size >= MAX_CHANNEL_LABELS) return 'other';
    known.add(channel);
    return channel;
  };
}
