export { type Actor, type AuditAction, type AuditEntry, readAudit, recordAudit } from './audit.js';
export { type AuditLogOptions, startAuditLog } from './audit-log.js';
export type { BrakeState, BrakeTuning } from './brake/brake-script.js';
export { BRAKE_STATES } from './brake/brake-script.js';
export {
  type AdmittedAttempt,
  type BrakeObserver,
  type ChannelBrake,
  type ChannelBrakeOptions,
  createChannelBrake,
} from './brake/channel-brake.js';
export {
  type ChannelPause,
  type ChannelState,
  readChannelState,
  stoppedSinceMs,
} from './brake/channel-state.js';
export {
  type ChannelControl,
  type ChannelControlAnswer,
  pauseChannel,
  releaseChannel,
  resumeChannel,
} from './brake/control-channel.js';
export { type ChannelStatus, listChannels, readChannelStatus } from './channel-status.js';
export { type ChannelConsumer, createChannelConsumer } from './consume/channel-consumer.js';
export type { ChannelConsumerOptions, ConsumerObserver } from './consume/consumer-options.js';
export { HAND_BACK_MS } from './consume/home-consumer.js';
export { Interrupt, type InterruptReason } from './consume/interrupt.js';
export type { Deliver, Settlement, TakenEvent } from './consume/taken-event.js';
export { DEFAULT_DEDUP_WINDOW_MS } from './event-backend.js';
export { type ChannelReading, readChannel } from './fleet-reading.js';
export { EVENT_STATES, type EventState } from './home-reading.js';
export { DEFAULT_LANE_MAX_HOLD_MS } from './lanes/lane-keys.js';
export { type CauseSummary, summariseCauses } from './letters/causes.js';
export type { DeadLetter } from './letters/dead-letter.js';
export { causeFits, type DeadLetterFilter } from './letters/dead-letter-filter.js';
export {
  countDeadLetters,
  type DeadLetterPage,
  findDeadLetter,
  pageDeadLetters,
  readDeadLetters,
} from './letters/dead-letters.js';
export { createDiscarder, type DiscardAnswer, type Discarder } from './letters/discard.js';
export { reindexDeadLetters } from './letters/heal-index.js';
export { countNewerDelivered } from './letters/newer-delivered.js';
export { dropOldLetters, type RetentionOptions } from './letters/retention.js';
export { eventIdOfJobId, JOB_NAME, jobIdOf, queueName } from './names.js';
export {
  connectRedis,
  messageOf,
  openRedis,
  type RedisConnection,
  type RedisRole,
  RedisUnavailableError,
} from './redis.js';
export { redisUrlFault } from './redis-address.js';
export { type RedisMemory, readRedisMemory } from './redis-memory.js';
export { inspectRedis, type RedisFinding } from './redis-safety.js';
export { type ChangeAnswer, setRunConflictRule, setRunRate } from './replay/change-run.js';
export { checkPlan, type PlanCheck } from './replay/check-plan.js';
export { type MoveAnswer, moveRun, type RunMove, type RunMoveOptions } from './replay/control-run.js';
export { OPEN_RUN_STATES } from './replay/open-runs.js';
export {
  defaultCanary,
  type PlanAnswer,
  type PlanOptions,
  type PlanSample,
  patchedEvent,
  planRun,
} from './replay/plan-run.js';
export { createReplayer, type ReplayAnswer, type Replayer, type ReplayerOptions } from './replay/replayer.js';
export {
  listRuns,
  type OnCallConflict,
  type ReplayRun,
  RUN_STATES,
  type RunState,
  readRun,
} from './replay/run.js';
export { createRunCarrier, type RunCarrier, type RunCarrierOptions } from './replay/run-carrier.js';
export {
  type LetterResult,
  type RunReport,
  readReport,
  readResults,
  reportOf,
  SKIP_REASONS,
  type SkipReason,
} from './replay/run-results.js';
export {
  type CallEventQueue,
  type CallEventQueueOptions,
  createCallEventQueue,
} from './send/call-event-queue.js';
export type { FirstEventState } from './send/first-event.js';
export type { Durability } from './send/replicated.js';
export { EventNotAcknowledgedError, type SendAnswer } from './send/send-answer.js';
export { createSendTracing, type SendSpan, type SendTracing } from './send/send-tracing.js';
