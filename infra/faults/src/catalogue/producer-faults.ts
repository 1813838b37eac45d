import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from '../fault.js';

export const PRODUCER_FAULTS: readonly Fault[] = [
  {
    name: 'producer-kill',
    part: 'producer',
    does: 'kill -9 of the producer between the arrival of an event in Redis and its acknowledgement, twice',
    guarantees: 'no repetition: the events that it sends again are duplicates',
    async inject({ producer, producerProxy }) {
      for (let time = 0; time < 2; time += 1) {
        const before = producerProxy.swallowed();
        producerProxy.trouble({ dropReplies: true });
        while (producerProxy.swallowed() === before && !producer.isDone()) await sleep(5);
        await producer.kill();
        producerProxy.trouble({});
        producer.start();
        await sleep(600);
      }
    },
  },
];
