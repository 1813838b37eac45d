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

/** What the tests of rules, alerts and dashboards run: the programs that a need brings, by the names they have in it. */
const MONITORING = {
  prometheus: [['prometheus'], ['promtool']],
  alertmanager: [['prometheus-alertmanager', 'alertmanager'], ['amtool']],
};

/**
 * Prometheus and Alertmanager are wanted for the tests of observability alone. Without them these are skipped, and say
 * so; in CI they run all the same, and fail.
 */
export async function ensureMonitoring() {
  for (const [need, programs] of Object.entries(MONITORING)) {
    if (programs.every((names) => useFound(names))) continue;
    plainly(`There is no ${need} on this machine; the tests of rules and alerts run it.`);
    const installed = await installProgram(need, programs[0]);
    if ('why' in installed) say('notice', need, `${installed.why}; what needs it is not tested`);
    else for (const names of programs) useFound(names);
  }
}

/** Whether one of these programs is there; if so, everything started from here finds it on the PATH. */
function useFound(names) {
  const found = findProgram(names);
  if (found !== null) addToPath(found);
  return found !== null;
}
