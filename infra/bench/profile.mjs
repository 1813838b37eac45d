import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { contender } from './contenders/contenders.mjs';
import { drain } from './measure/drain.mjs';
import { summariseProfile } from './measure/profile-summary.mjs';
import { number, table } from './report.mjs';

/** The second is what the first does beyond it: what is in both is BullMQ's, undici's and the system's. */
const PROFILED = ['callpost', 'plain'];
const MODULES = 18;
const FUNCTIONS = 30;

/**
 * Where the worker's CPU goes: V8's sampling profile of a whole run, start included. Samples are of the wall clock, so
 * shares are taken, and multiplied with the CPU that the process used.
 *
 * @returns {Promise<{ profiles: Record<string, { cpuUs: number, modules: object[], functions: object[] }> }>} `cpuUs`: a
 *   delivery's
 */
export async function measureProfile({ sink, size, env, say }) {
  const profiles = {};
  for (const name of PROFILED) {
    const folder = mkdtempSync(join(tmpdir(), 'callpost-profile-'));
    try {
      const nodeFlags = ['--cpu-prof', `--cpu-prof-dir=${folder}`];
      const run = await drain(contender(name), { sink, count: size.eventsOfRun, stage: { nodeFlags, env } });
      const [file] = readdirSync(folder);
      profiles[name] = { cpuUs: run.nodeCpuPer1000 * 1_000, ...summariseProfile(join(folder, file)) };
      say(`${name}: ${number(profiles[name].cpuUs)} µs of CPU a delivery`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
  return { profiles };
}

export function profileTables({ profiles }) {
  const [callpost, plain] = PROFILED.map((name) => profiles[name]);
  const inPlain = new Map(plain.modules.map(({ name, share }) => [name, share * plain.cpuUs]));
  const micros = (share) => number(share * callpost.cpuUs);
  return (
    table(
      `By module, µs of CPU a delivery (${number(callpost.cpuUs)} in all; the plain loop ${number(plain.cpuUs)})`,
      [
        { head: 'module', of: ({ name }) => name, left: true },
        { head: 'share', of: ({ share }) => `${number(share * 100)} %` },
        { head: 'Callpost', of: ({ share }) => micros(share) },
        { head: 'plain loop', of: ({ name }) => number(inPlain.get(name) ?? 0) },
      ],
      callpost.modules.slice(0, MODULES),
    ) +
    table(
      'By function, without what it calls',
      [
        { head: 'function', of: ({ name }) => name, left: true },
        { head: 'µs a delivery', of: ({ share }) => micros(share) },
      ],
      callpost.functions.slice(0, FUNCTIONS),
    )
  );
}
