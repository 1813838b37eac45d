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
export { startCluster, type TestCluster } from './redis-cluster.js';
export { redisSpeaksTls } from './redis-process.js';
export { startSentinel, type TestSentinel } from './redis-sentinel.js';
export { DURABLE, startRedis, type TestRedis } from './redis-server.js';
export { startTlsRedis, type TestTlsRedis } from './redis-tls.js';
export { sampleEvent, sampleEvents } from './sample-event.js';
export { seeded } from './seeded.js';
export { type Sink, type SinkMode, type SinkOptions, type SinkReport, startSink } from './sink.js';
export { type ProxyTrouble, startTcpProxy, type TcpProxy } from './tcp-proxy.js';
export { type PlantedLetter, writeDeadLetters } from './write-dead-letters.js';
