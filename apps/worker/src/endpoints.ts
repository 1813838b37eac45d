import { createEndpoint, type Endpoint, type EndpointOptions } from './endpoint.js';

export interface Endpoints {
  /** The endpoint of an origin; channels with the same origin share its connections. */
  for(origin: string): Endpoint;
  close(): Promise<void>;
}

export function createEndpoints(options: Omit<EndpointOptions, 'origin'>): Endpoints {
  const byOrigin = new Map<string, Endpoint>();
  return {
    for(origin) {
      const endpoint = byOrigin.get(origin) ?? createEndpoint({ ...options, origin });
      byOrigin.set(origin, endpoint);
      return endpoint;
    },
    async close() {
      await Promise.all([...byOrigin.values()].map((endpoint) => endpoint.close()));
    },
  };
}
