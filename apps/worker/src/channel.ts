import type { KeyObject } from 'node:crypto';
import type { ChannelSettings } from '@callpost/config';
import type { Interrupt } from '@callpost/queue';
import { signingKey } from '@callpost/signature';
import type { Endpoint, PostResult } from './endpoint.js';

/** A channel as the worker uses it: where to post, and the secret of this moment. */
export interface Channel {
  readonly name: string;
  signingKey(): KeyObject;
  post(body: Buffer, signature: string, interrupt: Interrupt): Promise<PostResult>;
  /** Takes over a new URL and secret: the attempts after this call use them. */
  update(settings: ConfiguredChannel): void;
  /** Calls the listener after each update. */
  onUpdate(listener: () => void): void;
}

export type ConfiguredChannel = ChannelSettings & { readonly secret: string };

export function isConfigured(settings: ChannelSettings): settings is ConfiguredChannel {
  return settings.secret !== null;
}

/** @param endpointFor the channel's endpoint for an origin */
export function createChannel(
  settings: ConfiguredChannel,
  endpointFor: (origin: string) => Endpoint,
): Channel {
  let key = signingKey(settings.secret);
  let target = targetOf(settings, endpointFor);
  const listeners: (() => void)[] = [];
  return {
    name: settings.name,
    signingKey: () => key,
    post: (body, signature, interrupt) =>
      target.endpoint.post({ path: target.path, body, signature }, interrupt),
    update(changed) {
      key = signingKey(changed.secret);
      target = targetOf(changed, endpointFor);
      for (const listener of listeners) listener();
    },
    onUpdate(listener) {
      listeners.push(listener);
    },
  };
}

function targetOf(settings: ConfiguredChannel, endpointFor: (origin: string) => Endpoint) {
  const { origin, pathname, search } = new URL(settings.url);
  return { endpoint: endpointFor(origin), path: `${pathname}${search}` };
}
