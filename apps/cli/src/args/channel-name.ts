import { CHANNEL_NAME_ALLOWED, isChannelName } from '@callpost/domain';
import { argumentOf } from './value.js';

export const channelName = argumentOf((text) => (isChannelName(text) ? text : null), CHANNEL_NAME_ALLOWED);
