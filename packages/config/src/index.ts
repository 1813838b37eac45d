export {
  type ChannelSettings,
  type ChannelsConfig,
  DEFAULT_REAMAZE_URL,
  type ReadFile,
  readChannels,
} from './channels.js';
export { endpointUrlFault } from './endpoint-url.js';
export { checkedText, type Env, oneOf, type Read, readEnv, statusList, wholeNumber } from './env.js';
export { readTracing } from './tracing.js';
export { unverifiedTlsFaults } from './verified-tls.js';
