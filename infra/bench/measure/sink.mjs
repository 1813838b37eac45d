import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const SOURCE = fileURLToPath(new URL('../sink/sink.c', import.meta.url));
const IN_NODE = fileURLToPath(new URL('../sink/sink.mjs', import.meta.url));
const COMPILERS = ['gcc', 'cc', 'clang'];

/**
 * The endpoint that everything is posted to: a program in C, or where there is no compiler one in Node, which takes so
 * much of the CPU that the figures are not to be compared with others.
 *
 * @param {'c' | 'node'} wanted
 * @returns {{ kind: 'c' | 'node', command: readonly string[], remove(): void }}
 */
export function buildSink(wanted = 'c') {
  const compilers = wanted === 'c' ? COMPILERS : [];
  const compiler = compilers.find((name) =>
    (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, name))),
  );
  if (compiler === undefined) {
    return { kind: 'node', command: [process.execPath, IN_NODE], remove: () => undefined };
  }
  const folder = mkdtempSync(join(tmpdir(), 'callpost-sink-'));
  const program = join(folder, 'sink');
  execFileSync(compiler, ['-O2', '-o', program, SOURCE]);
  return { kind: 'c', command: [program], remove: () => rmSync(folder, { recursive: true }) };
}

/** Starts a sink that expects the events 0 up to, not including, `eventCount`. */
export async function startSink({ command: [program, ...args] }, eventCount) {
  const child = spawn(program, [...args, String(eventCount)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const [port] = await once(createInterface({ input: child.stdout }), 'line');
  const agent = new Agent({ keepAlive: true });
  const origin = `http://127.0.0.1:${port}`;
  const read = (path) =>
    new Promise((resolve, reject) => {
      const request = get(`${origin}${path}`, { agent }, async (response) => {
        const chunks = [];
        for await (const chunk of response) chunks.push(chunk);
        resolve(Buffer.concat(chunks));
      });
      request.on('error', reject);
    });

  return {
    url: `${origin}/incoming/voice`,
    stats: async () => JSON.parse((await read('/stats')).toString()),
    /** Unix µs of each event's first acceptance, by its number; 0: never came. */
    async times() {
      const bytes = await read('/times');
      return Array.from({ length: eventCount }, (_, number) => Number(bytes.readBigUInt64LE(number * 8)));
    },
    async stop() {
      agent.destroy();
      child.stdin.end();
      await exited;
    },
  };
}
