import { DEFAULT_CHANNEL, type Fault } from '@callpost/domain';
import { type ChannelEntry, parseChannelsFile } from './channels-file.js';
import { endpointUrlFault } from './endpoint-url.js';
import type { Env, Read } from './env.js';

export const DEFAULT_REAMAZE_URL = 'https://www.reamaze.io/incoming/voice';

export interface ChannelSettings {
  readonly name: string;
  readonly phone: string | null;
  readonly url: string;
  /** Trimmed; null when its source has none: then the channel is not consumed, and nothing of it is lost. */
  readonly secret: string | null;
  /** Where the secret is looked for, for messages: `REAMAZE_SHARED_SECRET_FILE`, `file /run/secrets/x`. */
  readonly secretSource: string;
  readonly maxPerSecond: number | null;
  readonly concurrency: number | null;
  /** How many queues new calls are spread over; 1: the channel is not divided. */
  readonly shards: number;
}

export interface ChannelsConfig {
  readonly channels: readonly ChannelSettings[];
  /** Files that, when they change, are to be read again. */
  readonly files: readonly string[];
}

/** Reads a text file whole; null when there is none or it cannot be read. */
export type ReadFile = (path: string) => string | null;

const SETTINGS = 'REAMAZE_SHARED_SECRET, REAMAZE_SHARED_SECRET_FILE or CHANNELS_FILE';

/**
 * The channels of this fleet: `default` from REAMAZE_SHARED_SECRET or REAMAZE_SHARED_SECRET_FILE, and those of
 * CHANNELS_FILE. Called again whenever a file changes or on SIGHUP, since secrets rotate.
 */
export function readChannels(env: Env, readFile: ReadFile): Read<ChannelsConfig> {
  const faults: Fault[] = [];
  const fromEnv = defaultChannelEntry(env, faults);
  const path = env.CHANNELS_FILE?.trim() || null;
  const entries = [...fromEnv, ...(path === null ? [] : entriesOfFile(path, readFile, faults))];
  if (fromEnv.length > 0 && entries.filter((entry) => entry.name === DEFAULT_CHANNEL).length > 1) {
    faults.push({
      field: 'CHANNELS_FILE',
      found: 'a channel default',
      allowed: 'no such channel while REAMAZE_SHARED_SECRET or REAMAZE_SHARED_SECRET_FILE sets it',
    });
  }
  if (entries.length === 0 && faults.length === 0) {
    faults.push({ field: 'REAMAZE_SHARED_SECRET', found: 'nothing', allowed: `one of ${SETTINGS}` });
  }
  const channels = entries.map((entry) => settingsOf(entry, env, readFile, faults));
  if (faults.length > 0) return { ok: false, faults };
  const secretFiles = entries.flatMap(({ secretFile }) => secretFile ?? []);
  return { ok: true, value: { channels, files: [...(path === null ? [] : [path]), ...secretFiles] } };
}

function defaultChannelEntry(env: Env, faults: Fault[]): ChannelEntry[] {
  const secret = env.REAMAZE_SHARED_SECRET?.trim() || undefined;
  const secretFile = env.REAMAZE_SHARED_SECRET_FILE?.trim() || undefined;
  if (secret !== undefined && secretFile !== undefined) {
    faults.push({
      field: 'REAMAZE_SHARED_SECRET_FILE',
      found: 'REAMAZE_SHARED_SECRET set as well',
      allowed: 'one of the two',
    });
  }
  if (secretFile !== undefined) return [{ name: DEFAULT_CHANNEL, secretFile }];
  return secret === undefined ? [] : [{ name: DEFAULT_CHANNEL, secretEnv: 'REAMAZE_SHARED_SECRET' }];
}

function entriesOfFile(path: string, readFile: ReadFile, faults: Fault[]): ChannelEntry[] {
  const content = readFile(path);
  if (content === null) {
    faults.push({
      field: 'CHANNELS_FILE',
      found: 'no readable file',
      allowed: 'the path of a YAML or JSON file',
    });
    return [];
  }
  const parsed = parseChannelsFile(content, 'CHANNELS_FILE');
  if (parsed.ok) return parsed.value;
  faults.push(...parsed.faults);
  return [];
}

function settingsOf(entry: ChannelEntry, env: Env, readFile: ReadFile, faults: Fault[]): ChannelSettings {
  const url = entry.url ?? (env.REAMAZE_URL?.trim() || DEFAULT_REAMAZE_URL);
  const allowed = endpointUrlFault(url, env.REAMAZE_ALLOW_HTTP?.trim() === 'true');
  if (allowed !== null) {
    const field = entry.url === undefined ? 'REAMAZE_URL' : `channels.${entry.name}.url`;
    if (!faults.some((fault) => fault.field === field)) faults.push({ field, found: 'another URL', allowed });
  }
  const [secret, secretSource] = secretOf(entry, env, readFile);
  return {
    name: entry.name,
    phone: entry.phone ?? null,
    url,
    secret: secret?.trim() || null,
    secretSource,
    maxPerSecond: entry.maxPerSecond ?? null,
    concurrency: entry.concurrency ?? null,
    shards: entry.shards ?? 1,
  };
}

function secretOf(entry: ChannelEntry, env: Env, readFile: ReadFile): [string | null, string] {
  if (entry.secretFile !== undefined) return [readFile(entry.secretFile), `file ${entry.secretFile}`];
  if (entry.secretEnv !== undefined)
    return [env[entry.secretEnv] ?? null, `environment variable ${entry.secretEnv}`];
  return [entry.secret ?? null, 'CHANNELS_FILE'];
}
