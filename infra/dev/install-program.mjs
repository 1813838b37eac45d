import { findProgram } from './find-program.mjs';
import { PACKAGE_MANAGERS } from './package-managers.mjs';
import { runQuietly } from './run.mjs';
import { plainly, progress, say, seconds } from './say.mjs';

/**
 * Tries to install a program with the system's package manager, and says what it does before it does it.
 *
 * @param {'redis' | 'python' | 'prometheus' | 'alertmanager'} need
 * @param {readonly string[]} names of the program, in order of preference
 * @returns {Promise<{ path: string } | { why: string }>} `why` it could not, as part of a sentence
 */
export async function installProgram(need, names) {
  const manager = PACKAGE_MANAGERS.find(({ command }) => findProgram([command]) !== null);
  if (manager === undefined) return { why: 'no package manager that Callpost knows is on this machine' };
  const prefix = manager.asRoot ? await rootPrefix() : [];
  if (prefix === null) {
    return { why: `${manager.command} needs root, which is not to be had here without a password` };
  }
  if (manager.lists?.areMissing()) await execute(prefix, manager, manager.lists.update);
  let failure = await installFirst(need, { manager, prefix });
  if (failure !== null && manager.lists !== undefined) {
    // Old lists name versions that the mirrors no longer have.
    await execute(prefix, manager, manager.lists.update);
    failure = await installFirst(need, { manager, prefix });
  }
  const path = findProgram(names);
  if (path !== null) return { path };
  if (failure !== null) plainly(failure);
  return { why: `${manager.command} could not install it (see above)` };
}

/** The output of the last failure; null as soon as one of the packages is installed. */
async function installFirst(need, { manager, prefix }) {
  let failure = '';
  for (const name of manager.packages[need]) {
    const result = await execute(prefix, manager, [...manager.install, name]);
    if (result.code === 0) return null;
    failure = result.errors;
  }
  return failure;
}

async function execute(prefix, { command, env = {} }, args) {
  const settings = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const line = [...prefix, ...(prefix.length > 0 ? ['env', ...settings] : []), command, ...args];
  const shown = [...prefix, command, ...args].join(' ');
  plainly(`  running: ${shown}`);
  const startedAt = performance.now();
  const result = await runQuietly(line[0], line.slice(1), {
    env,
    onLine: (text) => progress(command, text),
  });
  const failure = result.code === 0 ? '' : `, exit code ${result.code}`;
  say(result.code === 0 ? 'ok' : 'notice', command, seconds(startedAt) + failure);
  return result;
}

/** What to put before a command so that root runs it; null when that would need a password. */
async function rootPrefix() {
  if (process.getuid?.() === 0) return [];
  if (findProgram(['sudo']) === null) return null;
  const { code } = await runQuietly('sudo', ['-n', 'true']);
  return code === 0 ? ['sudo', '-n'] : null;
}
