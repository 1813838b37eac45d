import type { Fault } from '../fault.js';
import { ENDPOINT_FAULTS } from './endpoint-faults.js';
import { FAILOVER_FAULTS } from './failover-faults.js';
import { NETWORK_FAULTS } from './network-faults.js';
import { PRODUCER_FAULTS } from './producer-faults.js';
import { REDIS_FAULTS } from './redis-faults.js';
import { WORKER_FAULTS } from './worker-faults.js';

/** Every fault there is. */
export const CATALOGUE: readonly Fault[] = [
  ...WORKER_FAULTS,
  ...REDIS_FAULTS,
  ...NETWORK_FAULTS,
  ...ENDPOINT_FAULTS,
  ...PRODUCER_FAULTS,
  ...FAILOVER_FAULTS,
];
