import { unwatchFile, watchFile } from 'node:fs';
import type { ChannelsConfig, Read } from '@callpost/config';
import { faultText } from '@callpost/domain';
import type { Logger } from '@callpost/telemetry';
import type { Fleet } from './fleet.js';

/** Polling sees what `fs.watch` misses: Kubernetes swaps secrets by a symbolic link to a folder. */
const POLL_MS = 1_000;

export interface Reloader {
  /** Reads the channels again now, as SIGHUP does. */
  reload(): void;
  stop(): void;
}

/**
 * Reads the channels again when one of their files changes, and on demand. A configuration with a fault in it changes
 * nothing: what ran before runs on, and the log says what is wrong.
 */
export function createReloader(
  first: ChannelsConfig,
  { read, fleet, logger }: { read: () => Read<ChannelsConfig>; fleet: Fleet; logger: Logger },
): Reloader {
  const watched = new Set<string>();
  let isStopped = false;

  function watch(files: readonly string[]): void {
    for (const file of files) {
      if (watched.has(file)) continue;
      watched.add(file);
      watchFile(file, { interval: POLL_MS, persistent: false }, reload);
    }
  }

  function reload(): void {
    if (isStopped) return;
    const config = read();
    if (!config.ok) {
      logger.error(
        { faults: config.faults.map(faultText) },
        'channels not reloaded: the old ones are used on',
      );
      return;
    }
    watch(config.value.files);
    fleet.apply(config.value.channels);
    logger.info({ channels: config.value.channels.length }, 'channels reloaded');
  }

  watch(first.files);
  return {
    reload,
    stop() {
      isStopped = true;
      for (const file of watched) unwatchFile(file);
    },
  };
}
