import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { findProgram, pathFolders } from './find-program.mjs';
import { runQuietly } from './run.mjs';
import { CannotGoOn, progress, say, seconds } from './say.mjs';
import { pinnedPnpm, ROOT, readJson } from './workspace.mjs';

/** Inside node_modules, so that whoever removes the dependencies removes the claim that they are there. */
const STAMP = join(ROOT, 'node_modules', '.callpost', 'installed.json');

/**
 * Sees to it that pnpm is on the PATH, where turbo needs it, and the dependencies are installed. Asks npx for pnpm
 * only when there is a reason to, since even with nothing to do that takes longer than everything else.
 */
export async function ensureDependencies() {
  const pnpm = pinnedPnpm();
  const wanted = fingerprint(pnpm);
  const stamp = readStamp();
  if (stamp?.fingerprint === wanted && findProgram(['pnpm'], [stamp.pnpmFolder]) !== null) {
    putFirstOnPath(stamp.pnpmFolder);
    say('ok', 'dependencies', 'up to date');
    return;
  }
  const startedAt = performance.now();
  const pnpmFolder = await fetchPnpm(pnpm);
  putFirstOnPath(pnpmFolder);
  await install();
  mkdirSync(dirname(STAMP), { recursive: true });
  writeFileSync(STAMP, JSON.stringify({ fingerprint: wanted, pnpmFolder }));
  say('ok', 'dependencies', `${pnpm}, ${seconds(startedAt)}`);
}

/** Whatever, when it changes, makes the installed dependencies wrong. */
function fingerprint(pnpm) {
  const hash = createHash('sha256');
  for (const name of ['pnpm-lock.yaml', 'pnpm-workspace.yaml']) hash.update(readFileSync(join(ROOT, name)));
  hash.update([pnpm, process.versions.modules, process.platform, process.arch].join());
  return hash.digest('hex');
}

function readStamp() {
  try {
    return readJson(STAMP);
  } catch {
    return null;
  }
}

/** The folder that npx keeps this version of pnpm in: the only way to it that a bare Node has, and stays available. */
async function fetchPnpm(pnpm) {
  progress('dependencies', `fetching ${pnpm}`);
  const printPath = 'console.log(process.env.PATH)';
  const { code, output, errors } = await runQuietly(npx(), [
    '--yes',
    `--package=${pnpm}`,
    '--',
    'node',
    '-e',
    printPath,
  ]);
  const found = findProgram(['pnpm'], pathFolders(output.trim().split('\n').at(-1)));
  if (code === 0 && found !== null) return dirname(found);
  throw new CannotGoOn(`${errors}\n\nnpx could not get ${pnpm} from the npm registry.`);
}

async function install() {
  const { code, errors } = await runQuietly(
    'pnpm',
    ['install', '--frozen-lockfile', '--config.confirm-modules-purge=false', '--reporter=append-only'],
    { onLine: (line) => progress('dependencies', line), env: { CI: 'true' } },
  );
  if (code !== 0)
    throw new CannotGoOn(`${errors}\n\npnpm could not install the dependencies (exit code ${code}).`);
}

/** The npx beside this very Node comes first: a PATH that a version manager set up may lack it. */
function npx() {
  const beside = join(dirname(process.execPath), 'npx');
  return existsSync(beside) ? beside : 'npx';
}

function putFirstOnPath(folder) {
  process.env.PATH = [folder, dirname(process.execPath), ...pathFolders()].join(delimiter);
}
