import { CHANNEL_NAME_ALLOWED, type Fault, faultsOf, isChannelName, isE164 } from '@callpost/domain';
import { parse, YAMLParseError } from 'yaml';
import { z } from 'zod';
import type { Read } from './env.js';

const positive = (allowed: string, max: number) => z.int(allowed).min(1, allowed).max(max, allowed);
const text = (allowed: string) => z.string(allowed).min(1, allowed);

const channelEntry = z.strictObject(
  {
    name: z.string(CHANNEL_NAME_ALLOWED).refine(isChannelName, CHANNEL_NAME_ALLOWED),
    phone: text('the phone number of the channel in E.164, in quotes')
      .refine(isE164, 'the phone number of the channel in E.164, in quotes')
      .optional(),
    secret: text('the shared secret itself; better a secretFile or secretEnv').optional(),
    secretFile: text('the path of a file that holds the shared secret').optional(),
    secretEnv: text('the name of an environment variable that holds the shared secret').optional(),
    url: text('the https: URL to post to; default REAMAZE_URL').optional(),
    maxPerSecond: positive(
      'a whole number of events per second, over all workers, from 1 to 100000',
      100_000,
    ).optional(),
    concurrency: positive('a whole number of events in flight per worker from 1 to 10000', 10_000).optional(),
    shards: positive('a whole number of queues, the same in every worker, from 1 to 64', 64).optional(),
  },
  {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? `no other key than name, phone, secret, secretFile, secretEnv, url, maxPerSecond, concurrency, shards (found ${issue.keys?.join(', ')})`
        : 'an object with a name and a secret, secretFile or secretEnv',
  },
);

const channelsFile = z.strictObject(
  { channels: z.array(channelEntry, 'a list of channels').min(1, 'at least one channel') },
  'an object with one key, channels: a list of channels',
);

export type ChannelEntry = z.infer<typeof channelEntry>;

/**
 * The content of `CHANNELS_FILE`: YAML, or JSON, which YAML contains.
 *
 * @param path only for the fault texts
 */
export function parseChannelsFile(content: string, path: string): Read<ChannelEntry[]> {
  const document = parseYaml(content);
  if (!document.ok)
    return { ok: false, faults: [{ field: path, found: document.why, allowed: 'YAML or JSON' }] };
  const parsed = channelsFile.safeParse(document.value);
  if (!parsed.success) return { ok: false, faults: faultsOf(parsed.error, document.value, path) };
  const faults = [...repeatedNames(parsed.data.channels), ...secretSources(parsed.data.channels)];
  return faults.length > 0 ? { ok: false, faults } : { ok: true, value: parsed.data.channels };
}

function parseYaml(content: string): { ok: true; value: unknown } | { ok: false; why: string } {
  try {
    return { ok: true, value: parse(content) };
  } catch (error) {
    // Never the error's own message: it quotes the text, and the text may hold secrets.
    if (!(error instanceof YAMLParseError)) return { ok: false, why: 'an alias or tag that leads nowhere' };
    const line = error.linePos?.[0]?.line;
    return {
      ok: false,
      why: `a syntax error${line === undefined ? '' : ` in line ${line}`} (${error.code})`,
    };
  }
}

function repeatedNames(channels: readonly ChannelEntry[]): Fault[] {
  return channels.flatMap(({ name }, index) =>
    channels.findIndex((other) => other.name === name) === index
      ? []
      : [
          {
            field: `channels[${index}].name`,
            found: 'a name that another channel has',
            allowed: 'a name of its own',
          },
        ],
  );
}

function secretSources(channels: readonly ChannelEntry[]): Fault[] {
  return channels.flatMap(({ secret, secretFile, secretEnv }, index) => {
    const count = [secret, secretFile, secretEnv].filter((source) => source !== undefined).length;
    if (count === 1) return [];
    const allowed = 'exactly one of secret, secretFile and secretEnv';
    return [
      { field: `channels[${index}]`, found: count === 0 ? 'none of them' : `${count} of them`, allowed },
    ];
  });
}
