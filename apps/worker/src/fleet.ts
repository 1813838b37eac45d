import type { ChannelSettings } from '@callpost/config';
import type { ChannelConsumer } from '@callpost/queue';
import type { ErrorLog, Logger } from '@callpost/telemetry';
import { type Channel, type ConfiguredChannel, isConfigured } from './channel.js';

export interface FleetOptions {
  readonly openChannel: (settings: ConfiguredChannel) => Channel;
  readonly openConsumer: (channel: Channel, settings: ConfiguredChannel) => ChannelConsumer;
  readonly onUnconfigured: (channel: string, isUnconfigured: boolean) => void;
  /** A channel is in the configuration no more, and nothing of it is in flight here. */
  readonly onGone: (channel: string) => void;
  readonly logger: Logger;
  readonly errorLog: ErrorLog;
  readonly defaultConcurrency: number;
  readonly shutdownGraceMs: number;
}

export interface Fleet {
  /** Makes the running channels those given: starts, stops or changes what differs, leaves the rest alone. */
  apply(settings: readonly ChannelSettings[]): void;
  /** The names of all channels last applied, also of those without a secret. */
  channels(): readonly string[];
  /** Events in flight at a time at most, over all channels. */
  concurrency(): number;
  /**
   * Takes no more events; settles those in flight or, after the grace, hands them back.
   *
   * @returns how many events Redis would neither settle nor take back in time
   */
  stop(): Promise<number>;
}

interface Running {
  readonly settings: ConfiguredChannel;
  readonly channel: Channel;
  readonly consumer: ChannelConsumer;
}

/** The channels this worker consumes. */
export function createFleet(options: FleetOptions): Fleet {
  const { openChannel, openConsumer, onUnconfigured, onGone, logger, errorLog } = options;
  const { defaultConcurrency, shutdownGraceMs } = options;
  const running = new Map<string, Running>();
  /** Consumers that finish what they hold, though their channel is gone or was opened anew. */
  const retired = new Set<ChannelConsumer>();
  let known: readonly string[] = [];

  function applyOne(settings: ChannelSettings): void {
    const current = running.get(settings.name);
    if (!isConfigured(settings)) {
      leaveUnconfigured(settings, current);
      return;
    }
    onUnconfigured(settings.name, false);
    if (current !== undefined && isSameConsumer(current.settings, settings)) {
      change(current, settings);
      return;
    }
    if (current !== undefined) retire(current);
    const channel = openChannel(settings);
    const consumer = openConsumer(channel, settings);
    running.set(settings.name, { settings, channel, consumer });
    consumer.start();
    logger.info({ channel: settings.name, url: settings.url }, 'channel consumed');
  }

  /** A secret file that is away for a moment while it is replaced must not stop a channel that runs. */
  function leaveUnconfigured(settings: ChannelSettings, current: Running | undefined): void {
    const { name: channel, secretSource } = settings;
    if (current !== undefined) {
      logger.warn({ channel, secretSource }, 'secret is gone; the last one is used on');
      return;
    }
    onUnconfigured(channel, true);
    logger.error({ channel, secretSource }, 'channel not consumed: no secret; its events wait');
  }

  function change(current: Running, settings: ConfiguredChannel): void {
    const { channel, settings: before } = current;
    if (before.secret === settings.secret && before.url === settings.url) return;
    channel.update(settings);
    running.set(settings.name, { ...current, settings });
    const changed = [
      before.secret !== settings.secret && 'secret',
      before.url !== settings.url && 'url',
    ].filter(Boolean);
    logger.info({ channel: settings.name, changed }, 'channel changed');
  }

  function retire({ settings, consumer }: Running): void {
    running.delete(settings.name);
    retired.add(consumer);
    consumer.stop(shutdownGraceMs).then(
      (held) => {
        if (held === 0) retired.delete(consumer);
        if (!known.includes(settings.name)) onGone(settings.name);
      },
      (error: unknown) => errorLog.report('stopping a channel failed', error),
    );
    logger.info({ channel: settings.name }, 'channel no longer consumed as it was');
  }

  return {
    apply(settings) {
      const before = known;
      known = settings.map(({ name }) => name);
      for (const name of before.filter((one) => !known.includes(one))) {
        const current = running.get(name);
        if (current === undefined) onGone(name);
        else retire(current);
      }
      for (const one of settings) applyOne(one);
    },
    channels: () => known,
    concurrency: () =>
      [...running.values()].reduce(
        (sum, { settings }) => sum + (settings.concurrency ?? defaultConcurrency),
        0,
      ),
    async stop() {
      const consumers = [...[...running.values()].map(({ consumer }) => consumer), ...retired];
      const held = await Promise.all(consumers.map((consumer) => consumer.stop(shutdownGraceMs)));
      return held.reduce((sum, count) => sum + count, 0);
    },
  };
}

/** These are given to a consumer when it is made; all else can change under it. */
function isSameConsumer(before: ConfiguredChannel, after: ConfiguredChannel): boolean {
  return (
    before.concurrency === after.concurrency &&
    before.maxPerSecond === after.maxPerSecond &&
    before.shards === after.shards
  );
}
