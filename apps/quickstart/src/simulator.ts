import { request } from 'undici';
import { parseJsonLine } from './json-line.js';
import { type Program, startProgram } from './program.js';

/** What the simulator counted since it was started. */
interface SimulatorSummary {
  readonly outOfOrder: number;
  readonly badSignatures: number;
}

export interface Simulator {
  readonly url: string;
  /** Where the worker posts to. */
  readonly voiceUrl: string;
  setRules(rules: readonly object[]): Promise<void>;
  summary(): Promise<SimulatorSummary>;
  /** How often each event was accepted, by event id. */
  acceptances(): Promise<ReadonlyMap<string, number>>;
}

export interface SimulatorOptions {
  readonly script: string;
  readonly secret: string;
  readonly env: Readonly<Record<string, string>>;
  readonly onStarted: (program: Program) => void;
}

const READY_WITHIN_MS = 20_000;

export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const program = startProgram({
    name: 'The simulator',
    command: process.execPath,
    args: [options.script],
    env: {
      ...options.env,
      SIMULATOR_HOST: '127.0.0.1',
      SIMULATOR_PORT: '0',
      SIMULATOR_SECRET: options.secret,
    },
  });
  options.onStarted(program);
  const { url, voiceUrl } = await program.waitFor(readAddresses, READY_WITHIN_MS);
  return {
    url,
    voiceUrl,
    async setRules(rules) {
      await call(`${url}/_simulator/rules`, { rules });
    },
    summary: async () => (await call(`${url}/_simulator/summary`)) as SimulatorSummary,
    async acceptances() {
      const { events } = (await call(`${url}/_simulator/events`)) as Accepted;
      return new Map(events.map((event) => [event.id, event.acceptances]));
    },
  };
}

interface Accepted {
  readonly events: readonly { readonly id: string; readonly acceptances: number }[];
}

function readAddresses(line: string): { url: string; voiceUrl: string } | null {
  const { listening, voice } = parseJsonLine(line) ?? {};
  return typeof listening === 'string' && typeof voice === 'string'
    ? { url: listening, voiceUrl: voice }
    : null;
}

/** A GET, or with a body a PUT. */
async function call(url: string, body?: object): Promise<unknown> {
  const response = await request(
    url,
    body === undefined
      ? {}
      : { method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) },
  );
  if (response.statusCode === 200) return response.body.json();
  throw new Error(`the simulator answered ${response.statusCode}: ${await response.body.text()}`);
}
