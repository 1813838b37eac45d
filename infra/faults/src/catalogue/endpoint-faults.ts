import { setTimeout as sleep } from 'node:timers/promises';
import type { SinkMode } from '@callpost/testkit';
import type { Fault } from '../fault.js';

const FOR_MS = 1_200;

/** One answer, or what stands for it, that a share of all requests gets for a while. */
function misbehaving(name: string, does: string, guarantees: string, mode: SinkMode): Fault {
  return {
    name: `endpoint-${name}`,
    part: 'endpoint',
    does,
    guarantees,
    async inject({ sink }) {
      await sink.misbehave(mode);
      await sleep(FOR_MS);
      await sink.misbehave({});
    },
  };
}

/** A certificate that must not be trusted. Connections from before are cut, or they would go on as they are. */
function certificate(name: string, does: string): Fault {
  return {
    name: `endpoint-tls-${name}`,
    part: 'endpoint',
    does,
    guarantees: 'no request is sent to it',
    needs: { tls: true },
    async inject(stage) {
      await stage.sink.misbehave({ certificate: name });
      stage.broke('connections to the endpoint cut', stage.endpointProxy.cut(), { cutsRequests: true });
      await sleep(FOR_MS);
      await stage.sink.misbehave({});
    },
  };
}

const NOT_TWICE = 'no repetition: it was not accepted';
const STATUS_DECIDES = 'no repetition: the status line decides';

export const ENDPOINT_FAULTS: readonly Fault[] = [
  misbehaving('503', 'half of the answers are 503', NOT_TWICE, {
    behaviour: 'status',
    argument: '503',
    share: 0.5,
  }),
  misbehaving('reset-before', 'half of the requests are reset before they are accepted', NOT_TWICE, {
    behaviour: 'resetbefore',
    share: 0.5,
  }),
  misbehaving(
    'reset-after',
    'half of the requests are accepted, then reset instead of answered',
    'each is repeated until it is answered, and no other',
    { behaviour: 'resetafter', share: 0.5 },
  ),
  misbehaving('hang', 'a third of the requests is never answered', NOT_TWICE, {
    behaviour: 'hang',
    share: 0.3,
  }),
  misbehaving('hang-body', 'a third of the answers hangs in its body', STATUS_DECIDES, {
    behaviour: 'hangbody',
    share: 0.3,
  }),
  misbehaving('slow-body', 'a third of the answers comes at 100 KB/s', STATUS_DECIDES, {
    behaviour: 'drip',
    argument: '100',
    share: 0.3,
  }),
  misbehaving('garbage', 'half of the answers are not HTTP', NOT_TWICE, { behaviour: 'garbage', share: 0.5 }),
  misbehaving('wrong-length', 'half of the answers are shorter than they say', STATUS_DECIDES, {
    behaviour: 'truncated',
    share: 0.5,
  }),
  certificate('expired', 'the certificate of the endpoint has expired'),
  certificate('other-host', 'the certificate of the endpoint is for another host'),
  {
    name: 'endpoint-refuses',
    part: 'endpoint',
    does: 'the endpoint accepts no connection, and those there were are cut',
    guarantees: 'at most one repetition for each connection that was cut',
    async inject(stage) {
      stage.endpointProxy.trouble({ refuse: true });
      stage.broke('connections to the endpoint cut', stage.endpointProxy.cut(), { cutsRequests: true });
      await sleep(FOR_MS);
      stage.endpointProxy.trouble({});
    },
  },
  {
    name: 'endpoint-dns',
    part: 'endpoint',
    does: 'the name of the endpoint does not resolve, then does again',
    guarantees: 'at most one repetition for each connection that was cut',
    async inject(stage) {
      stage.surround({ dnsFails: true });
      stage.broke('connections to the endpoint cut', stage.endpointProxy.cut(), { cutsRequests: true });
      await sleep(FOR_MS);
      stage.surround({});
    },
  },
  {
    name: 'endpoint-net-delay',
    part: 'endpoint',
    does: 'the network to the endpoint delays everything by 150 ms',
    guarantees: 'no repetition',
    async inject({ endpointProxy }) {
      endpointProxy.trouble({ delayMs: 150 });
      await sleep(FOR_MS);
      endpointProxy.trouble({});
    },
  },
  {
    name: 'endpoint-net-cut',
    part: 'endpoint',
    does: 'all connections to the endpoint are cut, five times',
    guarantees: 'at most one repetition for each connection that was cut',
    async inject(stage) {
      for (let time = 0; time < 5; time += 1) {
        stage.broke('connections to the endpoint cut', stage.endpointProxy.cut(), { cutsRequests: true });
        await sleep(200);
      }
    },
  },
  {
    name: 'endpoint-net-half-close',
    part: 'endpoint',
    does: 'all connections to the endpoint end in the direction of the worker and stay open in the other, three times',
    guarantees: 'at most one repetition for each connection',
    async inject(stage) {
      for (let time = 0; time < 3; time += 1) {
        stage.broke('connections to the endpoint half-closed', stage.endpointProxy.halfClose(), {
          cutsRequests: true,
        });
        await sleep(400);
      }
    },
  },
  {
    name: 'endpoint-net-silent',
    part: 'endpoint',
    does: 'requests arrive at the endpoint, and every answer is swallowed',
    guarantees: 'at most one repetition for each answer that was swallowed',
    async inject(stage) {
      const before = stage.endpointProxy.swallowed();
      stage.endpointProxy.trouble({ dropReplies: true });
      await sleep(FOR_MS);
      stage.broke('answers of the endpoint swallowed', stage.endpointProxy.swallowed() - before, {
        cutsRequests: true,
      });
      stage.endpointProxy.trouble({});
    },
  },
];
