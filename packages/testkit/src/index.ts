export {
  type Answer,
  accept,
  type ReceivedRequest,
  startEndpoint,
  status,
  type TestEndpoint,
} from './endpoint-server.js';
export { eventually } from './eventually.js';
export { type LogLine, type Program, startProgram } from './program.js';
export { startRedis, type TestRedis } from './redis-server.js';
export { sampleEvent, sampleEvents } from './sample-event.js';
export { type PlantedLetter, writeDeadLetters } from './write-dead-letters.js';
