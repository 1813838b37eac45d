import { checkLedger, type Violation } from './check-ledger.js';
import { readLedger } from './ledger.js';

/** How many violations are told one by one. */
const SHOWN = 20;

const WORDS: { readonly [K in Violation['kind']]: (violation: Violation & { kind: K }) => string } = {
  lost: ({ event, call }) =>
    `lost: ${event} of ${call} was acknowledged, but neither accepted nor a dead letter`,
  'too many duplicates': ({ found, allowed }) => `too many duplicates: ${found}; allowed: ${allowed}`,
  inversion: ({ call, earlier, later }) =>
    `inversion: of ${call}, ${later} was accepted before ${earlier}, which was sent first`,
  overlap: ({ event }) => `overlap: two requests of ${event} were under way at a time`,
  unindexed: ({ event }) => `unindexed: ${event} is a dead letter, and its cause does not lead to it`,
  'crowded call': ({ call, event }) => `crowded call: ${event} was posted while another event of ${call} was`,
};

/** One violation in words. */
export function violationText(violation: Violation): string {
  return (WORDS[violation.kind] as (one: Violation) => string)(violation);
}

/** The program: `node dist/check-main.js FOLDER`. Exit code 0 when the promise was kept, 1 when not, 2 for no ledger. */
export function main([folder]: readonly string[], write: (line: string) => void): number {
  if (folder === undefined) {
    write('usage: node dist/check-main.js FOLDER (with acknowledged, accepted, breakages and dead .ndjson)');
    return 2;
  }
  const ledger = readLedger(folder);
  if (ledger.acknowledged.length === 0) {
    write(`${folder}: no acknowledged event; an empty ledger proves nothing`);
    return 2;
  }
  const { violations, ...counts } = checkLedger(ledger);
  write(JSON.stringify(counts));
  for (const violation of violations.slice(0, SHOWN)) write(violationText(violation));
  if (violations.length > SHOWN) write(`and ${violations.length - SHOWN} more`);
  return violations.length === 0 ? 0 : 1;
}
