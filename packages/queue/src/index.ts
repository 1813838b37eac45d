export {
  type ChannelStatus,
  EVENT_STATES,
  type EventState,
  listChannels,
  readChannelStatus,
} from './channel-status.js';
export {
  type ChannelConsumer,
  type ChannelConsumerOptions,
  type ConsumerObserver,
  createChannelConsumer,
} from './consume/channel-consumer.js';
export type { Deliver, Settlement, TakenEvent } from './consume/taken-event.js';
export type { DeadLetter } from './letters/dead-letter.js';
export {
  countDeadLetters,
  type DeadLetterFilter,
  findDeadLetter,
  readDeadLetters,
} from './letters/dead-letters.js';
export { createReplayer, type ReplayAnswer, type Replayer, type ReplayerOptions } from './letters/replay.js';
export { eventIdOfJobId, JOB_NAME, jobIdOf, queueName } from './names.js';
export {
  connectRedis,
  messageOf,
  openRedis,
  type RedisConnection,
  type RedisRole,
  RedisUnavailableError,
} from './redis.js';
export { inspectRedis, type RedisFinding } from './redis-safety.js';
export {
  type CallEventQueue,
  type CallEventQueueOptions,
  createCallEventQueue,
  DEFAULT_DEDUP_WINDOW_MS,
} from './send/call-event-queue.js';
export type { FirstEventState } from './send/first-event.js';
export { EventNotAcknowledgedError, type SendAnswer } from './send/send-answer.js';
