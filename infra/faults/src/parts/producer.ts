import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Program, startProgram } from '@callpost/testkit';

const PLANT = new URL('../../dist/planted/plant.js', import.meta.url).href;
const PRODUCER_PROGRAM = fileURLToPath(new URL('../../dist/parts/producer-main.js', import.meta.url));

export interface Load {
  /** Of all ids, so that no two loads of a stage share one. */
  readonly prefix: string;
  readonly calls: number;
  readonly eventsPerCall: number;
  /** Between an event of a call and the next. */
  readonly paceMs: number;
}

/** The producer of a stage, in a process of its own. */
export interface Producer {
  load(load: Load, ledgerFile: string): void;
  /** Starts, or starts again where the ledger ends. */
  start(): void;
  /** kill -9. */
  kill(): Promise<void>;
  acknowledgedCount(): number;
  isDone(): boolean;
}

export function createProducer(environment: Readonly<Record<string, string>>): Producer {
  let program: Program | null = null;
  let settings: Readonly<Record<string, string>> = {};
  let file = '';

  return {
    load({ prefix, calls, eventsPerCall, paceMs }, ledgerFile) {
      file = ledgerFile;
      settings = {
        NODE_OPTIONS: `--import=${PLANT}`,
        ...environment,
        LEDGER_FILE: ledgerFile,
        PREFIX: prefix,
        CALLS: String(calls),
        EVENTS_PER_CALL: String(eventsPerCall),
        PACE_MS: String(paceMs),
      };
    },
    start() {
      program = startProgram(PRODUCER_PROGRAM, settings);
    },
    async kill() {
      program?.kill('SIGKILL');
      await program?.exited();
    },
    acknowledgedCount: () => (existsSync(file) ? readFileSync(file, 'utf8').split('\n').length - 1 : 0),
    isDone: () => program?.lines.some(({ msg }) => msg === 'all sent') ?? false,
  };
}
