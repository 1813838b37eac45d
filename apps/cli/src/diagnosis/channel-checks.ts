import { type ChannelSettings, type ChannelsConfig, type Read, readChannels } from '@callpost/config';
import type { Fault } from '@callpost/domain';
import type { Context } from '../context.js';
import type { Check } from './check.js';

const WANTED = 'a shared secret';

/**
 * Whether each channel has its secret, as this machine sees it: run where the worker runs, with its environment.
 *
 * @param opened the channels known to Redis; none when it could not be asked
 */
export function checkChannels(config: Read<ChannelsConfig>, opened: readonly string[]): Check[] {
  if (!config.ok) return config.faults.map(faultCheck);
  const configured = config.value.channels;
  const names = new Set(configured.map(({ name }) => name));
  return [
    ...configured.map(secretCheck),
    ...opened.filter((name) => !names.has(name)).map(unconfiguredCheck),
  ];
}

export function readChannelsConfig({ env, readFile }: Context): Read<ChannelsConfig> {
  return readChannels(env, readFile);
}

function faultCheck({ field, found, allowed }: Fault): Check {
  return {
    check: `config ${field}`,
    verdict: 'missing',
    found,
    wanted: allowed,
    advice: `Wanted: ${allowed}. A worker does not start like this; is this the environment that it has?`,
  };
}

function secretCheck({ name, secret, secretSource }: ChannelSettings): Check {
  const check = `secret of ${name}`;
  if (secret !== null) {
    return { check, verdict: 'ok', found: `present (${secretSource})`, wanted: WANTED, advice: null };
  }
  return {
    check,
    verdict: 'missing',
    found: `nothing (${secretSource})`,
    wanted: WANTED,
    advice: `Workers leave the channel ${name} alone until its secret is there; its events wait, and none is lost.`,
  };
}

function unconfiguredCheck(name: string): Check {
  return {
    check: `secret of ${name}`,
    verdict: 'warning',
    found: 'a channel in Redis that is not configured here',
    wanted: WANTED,
    advice: `If no worker elsewhere has the channel ${name}, its events wait for ever: add it to CHANNELS_FILE.`,
  };
}
