import { addToPath, findProgram } from './find-program.mjs';
import { installProgram } from './install-program.mjs';
import { runQuietly } from './run.mjs';
import { CannotGoOn, plainly, say } from './say.mjs';

const REDIS = ['redis-server', 'valkey-server'];

const WAYS_TO_REDIS = `Any one of these gives you one:
  Debian, Ubuntu       sudo apt-get install redis-server
  Fedora, RHEL         sudo dnf install valkey        (older ones: redis)
  Alpine               sudo apk add redis
  Arch                 sudo pacman -S valkey
  openSUSE             sudo zypper install redis
  macOS                brew install redis
  from its source      https://redis.io/docs/latest/operate/oss_and_stack/install/  (make and a C compiler)
  through npm          redis-memory-server compiles one, where the network allows; put its folder on your PATH
Then run this command again. Callpost starts a Redis of its own: none has to be running.`;

/** The path of a Redis server, installed if there is none. Everything started from here finds it on the PATH. */
export async function ensureRedis() {
  const found = findProgram(REDIS);
  const path = found ?? (await installRedis());
  addToPath(path);
  const { output } = await runQuietly(path, ['--version']);
  const version = /v=([\d.]+)/.exec(output)?.[1] ?? 'of an unknown version';
  say('ok', 'Redis', `${version}, ${path}`);
  return path;
}

async function installRedis() {
  plainly('There is no redis-server or valkey-server on this machine.');
  const installed = await installProgram('redis', REDIS);
  if ('why' in installed) {
    throw new CannotGoOn(`Callpost needs a Redis server, and ${installed.why}.\n${WAYS_TO_REDIS}`);
  }
  plainly(
    '  (Where systemd runs, the package may have started a Redis on port 6379 too. Callpost does not use it.)',
  );
  return installed.path;
}

/** Python is wanted for the end-to-end tests alone, whose sink shares no code with Callpost. */
export async function ensurePython() {
  const found = findProgram(['python3']);
  if (found !== null) return;
  plainly('There is no python3 on this machine; the end-to-end tests check the signatures with it.');
  const installed = await installProgram('python', ['python3']);
  if ('why' in installed) say('notice', 'python3', `${installed.why}; what needs it cannot run`);
  else addToPath(installed.path);
}
