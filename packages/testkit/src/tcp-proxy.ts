import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type NetConnectOpts, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a proxy does to the connections through it, from now on. */
export interface ProxyTrouble {
  /** Ms that each piece of data waits, either way. */
  readonly delayMs?: number;
  /** Replies are swallowed, as by a firewall that forgot the connection; requests still arrive. */
  readonly dropReplies?: boolean;
  /** New connections are closed at once. */
  readonly refuse?: boolean;
}

export interface TcpProxy {
  readonly port: number;
  /** What happens from now on; `{}` is nothing. Connections that swallowed anything are beyond repair and are cut. */
  trouble(next: ProxyTrouble): void;
  /** RST on both sides of every connection. Returns how many there were. */
  cut(): number;
  /** Towards the client every connection ends, in the other direction it stays open. Returns how many there were. */
  halfClose(): number;
  /** Of the connections there are now nothing passes any more, either way, and nobody is told. */
  forget(): void;
  /** How many forgotten connections are still open. */
  forgotten(): number;
  connections(): number;
  /** How many connections swallowed a reply so far. */
  swallowed(): number;
  stop(): Promise<void>;
}

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  /** It swallowed a reply, so that what follows would answer the wrong question. */
  isSpoilt: boolean;
  isForgotten: boolean;
}

/** A TCP proxy on 127.0.0.1 that stands between two parts and misbehaves on request. */
export async function startTcpProxy(target: NetConnectOpts): Promise<TcpProxy> {
  const pairs = new Set<Pair>();
  let now: ProxyTrouble = {};
  let swallowed = 0;

  function pass(pair: Pair, from: Socket, to: Socket, isReply: boolean): void {
    // In order, whatever the timers do: each piece waits for the one before.
    let passed: Promise<void> = Promise.resolve();
    let waiting = 0;
    from.on('data', (data) => {
      if (pair.isForgotten) return;
      if (isReply && (now.dropReplies === true || pair.isSpoilt)) {
        if (!pair.isSpoilt) swallowed += 1;
        pair.isSpoilt = true;
        return;
      }
      const { delayMs = 0 } = now;
      if (delayMs === 0 && waiting === 0) return void to.write(data);
      waiting += 1;
      const due = sleep(delayMs);
      passed = passed.then(async () => {
        await due;
        waiting -= 1;
        to.write(data);
      });
    });
    from.on('end', () => to.end());
    from.on('error', () => to.destroy());
    from.on('close', () => {
      to.destroy();
      pairs.delete(pair);
    });
  }

  const listener = createServer({ allowHalfOpen: true }, (client) => {
    if (now.refuse === true) return void client.resetAndDestroy();
    client.setNoDelay(true);
    const server = connect({ ...target, allowHalfOpen: true } as NetConnectOpts);
    const pair = { client, server, isSpoilt: false, isForgotten: false };
    pairs.add(pair);
    pass(pair, client, server, false);
    pass(pair, server, client, true);
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');

  const reset = ({ client, server }: Pair) => {
    client.resetAndDestroy();
    server.destroy();
  };

  return {
    port: (listener.address() as AddressInfo).port,
    trouble(next) {
      now = next;
      if (next.dropReplies === true) return;
      for (const pair of pairs) if (pair.isSpoilt) reset(pair);
    },
    cut() {
      const count = pairs.size;
      for (const pair of pairs) reset(pair);
      return count;
    },
    halfClose() {
      for (const { client } of pairs) client.end();
      return pairs.size;
    },
    forget() {
      for (const pair of pairs) pair.isForgotten = true;
    },
    forgotten: () => [...pairs].filter(({ isForgotten }) => isForgotten).length,
    connections: () => pairs.size,
    swallowed: () => swallowed,
    async stop() {
      const closed = once(listener, 'close');
      listener.close();
      for (const pair of pairs) reset(pair);
      await closed;
    },
  };
}
