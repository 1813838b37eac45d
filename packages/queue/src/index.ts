export {
  type CallEventQueue,
  type CallEventQueueOptions,
  createCallEventQueue,
  DEFAULT_DEDUP_WINDOW_MS,
} from './call-event-queue.js';
export {
  type ChannelConsumer,
  type ChannelConsumerOptions,
  type ConsumerObserver,
  createChannelConsumer,
} from './channel-consumer.js';
export {
  type ChannelStatus,
  EVENT_STATES,
  type EventState,
  listChannels,
  readChannelStatus,
} from './channel-status.js';
export type { DeadLetter } from './dead-letter.js';
export { countDeadLetters, type DeadLetterFilter, findDeadLetter, readDeadLetters } from './dead-letters.js';
export type { FirstEventState } from './first-event.js';
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
export { createReplayer, type ReplayAnswer, type Replayer, type ReplayerOptions } from './replay.js';
export { EventNotAcknowledgedError, type SendAnswer } from './send-answer.js';
export type { Deliver, Settlement, TakenEvent } from './taken-event.js';
