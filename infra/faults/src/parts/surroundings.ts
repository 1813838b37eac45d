import dns from 'node:dns';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';

/*
 * Loaded before a worker (`node --import`), so that the machine's clock and resolver seem to misbehave for this process
 * alone: the real ones belong to everybody. What they do is read from a file, again and again.
 */

/** What the file holds. */
export interface Surroundings {
  /** Ms to add to the clock. */
  readonly clockOffsetMs?: number;
  readonly dnsFails?: boolean;
}

const READ_EVERY_MS = 20;
const file = process.env.SURROUNDINGS_FILE;
let now: Surroundings = {};

if (file !== undefined) {
  setInterval(() => read(file), READ_EVERY_MS).unref();
  read(file);
  const RealDate = Date;
  class JumpingDate extends RealDate {
    constructor(...given: unknown[]) {
      if (given.length === 0) super(JumpingDate.now());
      else super(...(given as [number]));
    }

    static override now(): number {
      return RealDate.now() + (now.clockOffsetMs ?? 0);
    }
  }
  globalThis.Date = JumpingDate as DateConstructor;

  const lookup = dns.lookup as (...given: unknown[]) => void;
  dns.lookup = ((...given: unknown[]) => {
    const callback = given.at(-1) as (error: Error) => void;
    if (now.dnsFails !== true || isIP(String(given[0])) !== 0) return lookup(...given);
    const error = Object.assign(new Error('getaddrinfo EAI_AGAIN'), {
      code: 'EAI_AGAIN',
      syscall: 'getaddrinfo',
    });
    process.nextTick(callback, error);
  }) as typeof dns.lookup;
}

function read(path: string): void {
  try {
    now = JSON.parse(readFileSync(path, 'utf8')) as Surroundings;
  } catch {
    // None yet, or half-written: what was read last still holds.
  }
}
