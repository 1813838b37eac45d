/**
 * How fast Callpost is. `npm run bench -- --help` says what can be asked for, README.md beside this what is measured.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';
import { CONTENDERS } from './contenders/contenders.mjs';
import { machine } from './measure/machine.mjs';
import { buildSink } from './measure/sink.mjs';
import { measureProfile, profileTables } from './profile.mjs';
import { runBench, SIZES } from './run.mjs';
import { measureScale, scaleTables } from './scale.mjs';
import { tablesOf } from './tables.mjs';

const NAMES = CONTENDERS.map(({ name }) => name);
const USAGE = `npm run bench -- [what] [how]

what  (nothing)        all contenders, latency, enqueueing, goals; about five minutes
      --only NAME      one contender, may be repeated: ${NAMES.join(', ')}
      --scale          does it stay as fast with more waiting, more calls, more letters, more channels?
      --profile        where the worker's CPU goes

how   --quick          smaller: under 45 s, --scale about a minute
      --tiny           the smallest that runs at all; its figures mean nothing
      --json FILE      every figure
      --sink node      the sink in Node even where there is a C compiler
      --env NAME=VALUE a setting of Callpost's worker, may be repeated, such as LOG_LEVEL=warn
`;

const WHATS = {
  contenders: { run: runBench, tables: tablesOf },
  scale: { run: measureScale, tables: scaleTables },
  profile: { run: measureProfile, tables: profileTables },
};

process.exitCode = await main();

async function main() {
  const options = readOptions();
  if (typeof options === 'string') {
    process.stderr.write(`${options}\n\n${USAGE}`);
    return 2;
  }
  if (options.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  if (process.platform !== 'linux') {
    process.stderr.write('The bench reads CPU and memory of processes from /proc, which only Linux has.\n');
    return 2;
  }
  const sink = buildSink(options.sink);
  try {
    await measure(options, sink);
    return 0;
  } finally {
    sink.remove();
  }
}

async function measure({ what, size, only, env, json }, sink) {
  const say = (text) => void process.stderr.write(`${text}\n`);
  const about = {
    at: new Date().toISOString(),
    what,
    size,
    env,
    machine: machine(),
    versions: versions(),
    sink: sink.kind,
  };
  const { cpu, cores, os } = about.machine;
  say(
    `${cores} cores of ${cpu}, ${os}, Node ${process.version}, sink in ${sink.kind === 'c' ? 'C' : 'Node'}`,
  );
  if (sink.kind === 'node')
    say('No C compiler: the sink takes CPU from what is measured. Compare only within this run.');
  const options = { sink, size: SIZES[size], sizeName: size, only, env, say };
  const results = await WHATS[what].run(options);
  process.stdout.write(WHATS[what].tables(results));
  if (json !== undefined) writeFileSync(json, `${JSON.stringify({ ...about, ...results }, null, 2)}\n`);
}

/** @returns the options, or what is wrong with them */
function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        quick: { type: 'boolean', default: false },
        tiny: { type: 'boolean', default: false },
        scale: { type: 'boolean', default: false },
        profile: { type: 'boolean', default: false },
        only: { type: 'string', multiple: true, default: [] },
        env: { type: 'string', multiple: true, default: [] },
        json: { type: 'string' },
        sink: { type: 'string', default: 'c' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    const { quick, tiny, scale, profile, only, env, json, sink, help } = values;
    const unknown = only.find((name) => !NAMES.includes(name));
    if (unknown !== undefined) return `--only: found ${unknown}; allowed: ${NAMES.join(', ')}`;
    const settings = env.map((setting) => /^(\w+)=(.*)$/s.exec(setting)?.slice(1));
    if (settings.includes(undefined))
      return `--env: found ${env[settings.indexOf(undefined)]}; allowed: NAME=VALUE`;
    if (!['c', 'node'].includes(sink)) return `--sink: found ${sink}; allowed: c, node`;
    if (scale && profile) return '--scale and --profile: one of them at a time';
    const what = scale ? 'scale' : profile ? 'profile' : 'contenders';
    const size = tiny ? 'tiny' : quick ? 'quick' : 'full';
    return { what, size, only, env: Object.fromEntries(settings), json, sink, help };
  } catch (error) {
    return error.message;
  }
}

function versions() {
  const require = createRequire(import.meta.url);
  const ofPackage = (name, from = require) => versionAbove(from.resolve(name), name);
  return { node: process.versions.node, bullmq: ofPackage('bullmq'), undici: ofPackage('undici') };
}

/** Of the package.json above a file; most packages do not export theirs. */
function versionAbove(file, name) {
  const folder = file.slice(0, file.lastIndexOf(`/node_modules/${name}/`) + `/node_modules/${name}`.length);
  return JSON.parse(readFileSync(`${folder}/package.json`, 'utf8')).version;
}
