/** A bug that the suite must find: what it is, where it is put in, and the fault that shows it. */
export interface PlantedBug {
  readonly name: string;
  readonly does: string;
  /** The end of the path of the built file. */
  readonly file: string;
  readonly changes: readonly { readonly from: string; readonly to: string }[];
  readonly shownBy: string;
  /** The kind of what is found. */
  readonly foundAs: 'lost' | 'too many duplicates' | 'inversion' | 'overlap' | 'crowded call' | 'unindexed';
}

export const PLANTED_BUGS: readonly PlantedBug[] = [
  {
    name: 'ack-before-aof',
    does: 'the producer is told "accepted" before Redis has written the event',
    file: 'packages/queue/dist/send/open-paths.js',
    changes: [
      {
        from: 'return await enqueueAll(await queueOf(home), redis, entry, events)',
        to: 'return enqueueInTheBackground(await queueOf(home), redis, entry, events)',
      },
      {
        from: 'export async function openPaths(',
        to: "const enqueueInTheBackground = (...all) => (enqueueAll(...all).catch(() => {}), all[3].map(() => 'accepted'));\nexport async function openPaths(",
      },
    ],
    shownBy: 'redis-out-of-memory',
    foundAs: 'lost',
  },
  {
    name: 'lane-pop-before-post',
    does: 'an event leaves its lane when it is taken, not when it is delivered or dead',
    file: 'packages/queue/dist/consume/home-consumer.js',
    changes: [
      {
        from: 'const settlement = await deliver(',
        to: `const popped = \`\${LANE_LUA.WAKE}\${LANE_LUA.ADVANCE}
          local nextId = advance(ARGV[1], ARGV[2])
          if nextId then wake(ARGV[1], nextId) end\`;
        await redis.eval(popped, 0, \`bull:{voice-\${home}}:\`, \`thread:\${job.data.thread_id}\`);
        const settlement = await deliver(`,
      },
      {
        from: 'import { PARKED }',
        to: "import { LANE_LUA } from '../lanes/lane-lua.js';\nimport { PARKED }",
      },
    ],
    shownBy: 'endpoint-503',
    foundAs: 'inversion',
  },
  {
    name: 'index-after-move',
    does: 'a dead letter is indexed some time after it was moved, not before',
    file: 'packages/queue/dist/consume/home-consumer.js',
    changes: [
      {
        from: 'await indexLetters(redis, home, [dyingLetter(channel, job, settlement.record, now())]);',
        to: 'setTimeout(() => indexLetters(redis, home, [dyingLetter(channel, job, settlement.record, now())]), 1_000);',
      },
    ],
    shownBy: 'worker-kill',
    foundAs: 'unindexed',
  },
  {
    name: 'former-homes-forgotten',
    does: 'a producer takes no notice of events of the call that are where it was at home before',
    file: 'packages/queue/dist/shards/layout.js',
    changes: [{ from: 'return [...before, now];', to: 'return [now];' }],
    shownBy: 'reshard',
    foundAs: 'inversion',
  },
  {
    name: 'lock-shorter-than-timeout',
    does: 'a lock runs out before the attempt that it is for',
    file: 'apps/worker/dist/config.js',
    changes: [{ from: 'lockDurationMs: value.LOCK_DURATION_MS', to: 'lockDurationMs: 200' }],
    shownBy: 'redis-frozen',
    foundAs: 'too many duplicates',
  },
];
