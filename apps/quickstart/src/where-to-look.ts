import type { Paint } from './screen.js';

export interface WhereToLook {
  readonly redisUrl: string;
  readonly metricsUrl: string;
  readonly simulatorUrl: string;
  /** A dead letter to try the commands on; null when there is none. */
  readonly deadId: string | null;
}

/** What a person can do next, ready to paste into another terminal in this folder. */
export function whereToLookLines(
  { redisUrl, metricsUrl, simulatorUrl, deadId }: WhereToLook,
  paint: Paint,
): string[] {
  const commands = [
    `export REDIS_URL=${redisUrl}`,
    'npx callpost status',
    'npx callpost dlq list',
    ...(deadId === null
      ? []
      : [`npx callpost dlq show ${deadId}`, `npx callpost replay start --id ${deadId}`]),
  ];
  return [
    paint('bold', 'Where to look next'),
    `  metrics     ${metricsUrl}`,
    `  simulator   ${simulatorUrl}/_simulator/summary`,
    '  in another terminal, in this folder:',
    ...commands.map((command) => `    ${command}`),
    'Ctrl-C stops everything; the data stays.',
  ];
}
