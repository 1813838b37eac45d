import { faultText } from '@callpost/domain';
import { ChannelSecrets } from './channel-secrets.js';
import { systemClock } from './clock.js';
import { type Config, readConfig } from './config.js';
import { DEFAULT_LIMITS } from './limits.js';
import { buildServer } from './server.js';
import { Simulator } from './simulator.js';
import { VOICE_PATH } from './voice-route.js';

const EXIT_CANNOT_LISTEN = 1;
const EXIT_BAD_ENVIRONMENT = 2;

const read = readConfig();
if (read.ok) {
  await run(read.config);
} else {
  process.stderr.write(read.faults.map((fault) => `${faultText(fault)}\n`).join(''));
  process.exitCode = EXIT_BAD_ENVIRONMENT;
}

async function run({ host, port, secret, secrets, dedup, log }: Config): Promise<void> {
  const simulator = new Simulator({
    secrets: new ChannelSecrets({ secret, secrets }),
    dedup,
    clock: systemClock,
    limits: DEFAULT_LIMITS,
  });
  const server = buildServer({ simulator, onFinished: log ? writeLine : () => undefined });
  process.once('SIGTERM', () => void server.close());
  process.once('SIGINT', () => void server.close());
  try {
    const listening = await server.listen({ host, port });
    writeLine({ listening, voice: `${listening}${VOICE_PATH}` });
  } catch (error) {
    process.stderr.write(`cannot listen on ${host}, port ${port}: ${String(error)}\n`);
    process.exitCode = EXIT_CANNOT_LISTEN;
    await server.close();
  }
}

function writeLine(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
