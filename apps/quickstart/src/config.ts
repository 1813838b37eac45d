import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError } from 'commander';

const MOST_CALLS = 2_000;

const fromRoot = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

interface Options {
  readonly calls: number;
  /** Stop when everything is settled, with an exit code that says whether it went as it should. */
  readonly exit: boolean;
  /** Absolute or relative path of the folder that keeps the data between starts. */
  readonly data: string;
}

export interface Config extends Options {
  /** The built programs that are started. */
  readonly workerProgram: string;
  readonly simulatorProgram: string;
  /** Where to look for a Redis server. */
  readonly path: string;
  readonly childEnv: Readonly<Record<string, string>>;
}

export function readConfig(argv: readonly string[] = process.argv, env = process.env): Config {
  const command = new Command('npm start --')
    .description('Starts a private Redis, the simulator of Re:amaze and a worker, and sends sample calls.')
    .option('--calls <number>', 'how many calls to send', wholeNumber, 6)
    .option('--exit', 'stop when every event is settled; the exit code says whether all went well', false)
    .option('--data <folder>', 'the folder that keeps the data between starts', fromRoot('.callpost'))
    .parse([...argv]);
  return {
    ...command.opts<Options>(),
    workerProgram: fromRoot('apps/worker/dist/main.js'),
    simulatorProgram: fromRoot('apps/simulator/dist/main.js'),
    path: env.PATH ?? '',
    childEnv: passedOn(env),
  };
}

/**
 * What children get of the environment. Not all of it: a shell in which the secret or the channels of a real Re:amaze
 * are set must not make the worker post sample calls there.
 */
const PASSED_ON = ['PATH', 'HOME', 'TMPDIR', 'TZ', 'LANG', 'LC_ALL', 'NODE_OPTIONS'] as const;

function passedOn(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    PASSED_ON.flatMap((name) => {
      const value = env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

function wholeNumber(text: string): number {
  if (/^\d{1,4}$/.test(text) && Number(text) >= 1 && Number(text) <= MOST_CALLS) return Number(text);
  throw new InvalidArgumentError(`Allowed: a whole number from 1 to ${MOST_CALLS}.`);
}
