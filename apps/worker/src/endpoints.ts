import { createEndpoint, type Endpoint, type EndpointOptions } from './endpoint.js';

export interface Endpoints {
  /** Of a channel: connections of its own, so that none of its attempts waits for those of a channel that hangs. */
  for(channel: string, origin: string, connections: number): Endpoint;
  close(): Promise<void>;
}

export function createEndpoints(options: Omit<EndpointOptions, 'origin' | 'connections'>): Endpoints {
  const opened = new Map<string, Endpoint>();
  return {
    for(channel, origin, connections) {
      const key = `${channel} ${connections} ${origin}`;
      const endpoint = opened.get(key) ?? createEndpoint({ ...options, origin, connections });
      opened.set(key, endpoint);
      return endpoint;
    },
    async close() {
      await Promise.all([...opened.values()].map((endpoint) => endpoint.close()));
    },
  };
}
