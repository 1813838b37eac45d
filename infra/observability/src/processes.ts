import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { delimiter, join } from 'node:path';
import { eventually } from '@callpost/testkit';

/** Programs of Prometheus by the names they have in Debian and elsewhere. */
const NAMES = {
  prometheus: ['prometheus'],
  promtool: ['promtool'],
  alertmanager: ['prometheus-alertmanager', 'alertmanager'],
  amtool: ['amtool'],
} as const;

export type Tool = keyof typeof NAMES;

/** The path of a program; null when it is not on the PATH. `npm test` installs it where it can. */
export function findTool(tool: Tool): string | null {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const paths = NAMES[tool].flatMap((name) => folders.map((folder) => join(folder, name)));
  return paths.find(existsSync) ?? null;
}

export interface Service {
  /** `http://127.0.0.1:port` */
  readonly origin: string;
  stop(): Promise<void>;
}

/** @throws with what the program said, when it does not become ready */
export async function startService(
  tool: 'prometheus' | 'alertmanager',
  options: readonly string[],
): Promise<Service> {
  const program = findTool(tool);
  if (program === null) throw new Error(`${tool} is not on the PATH; \`npm test\` in the root installs it`);
  const address = `127.0.0.1:${await freePort()}`;
  const child = spawn(program, [`--web.listen-address=${address}`, '--log.level=warn', ...options]);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-4_000);
    });
  }
  try {
    await eventually(async () => (await fetch(`http://${address}/-/ready`)).ok);
  } catch {
    await end(child);
    throw new Error(`${tool} does not become ready:\n${output}`);
  }
  return { origin: `http://${address}`, stop: () => end(child) };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
