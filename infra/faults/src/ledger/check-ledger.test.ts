import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { main } from './check.js';
import { checkLedger, NOTED_WITHIN_MS } from './check-ledger.js';
import { type Accepted, type Breakage, FILES, type Ledger } from './ledger.js';

const CALLS = ['a', 'b', 'c'];
const EVENTS = CALLS.flatMap((call) => [0, 1, 2, 3].map((n) => ({ event: `${call}-${n}`, call })));

/** Twelve events of three calls, all acknowledged and accepted once, in order. */
const KEPT: Ledger = {
  acknowledged: EVENTS.map((one, index) => ({ ...one, atMs: 1_000 + index })),
  accepted: EVENTS.map((one, index) => ({
    ...one,
    atMs: 2_000 + index,
    isAnswered: true,
    underWay: 1,
    ofCallUnderWay: 1,
  })),
  breakages: [],
  dead: [],
};

const withAccepted = (change: (accepted: Accepted[]) => void): Ledger => {
  const accepted = [...KEPT.accepted];
  change(accepted);
  return { ...KEPT, accepted };
};

const broke = (more: Partial<Breakage>): Breakage => ({
  what: 'a test',
  atMs: 1_500,
  inFlight: 0,
  mayLoseSinceMs: null,
  refusesWrites: false,
  cutsRequests: false,
  ...more,
});

const again = (event: string, more: Partial<Accepted> = {}): Accepted => ({
  event,
  call: event.slice(0, 1),
  atMs: 3_000,
  isAnswered: true,
  underWay: 1,
  ofCallUnderWay: 1,
  ...more,
});

describe('a planted fault is found:', () => {
  it('none in a ledger of a kept promise', () => {
    expect(checkLedger(KEPT)).toEqual({
      acknowledged: 12,
      accepted: 12,
      dead: 0,
      duplicates: 0,
      duplicatesAllowed: 0,
      lostAsAnnounced: 0,
      inversions: 0,
      violations: [],
    });
  });

  it('a loss', () => {
    const ledger = withAccepted((accepted) => accepted.splice(5, 1));
    expect(checkLedger(ledger).violations).toEqual([{ kind: 'lost', event: 'b-1', call: 'b' }]);
  });

  it('not a loss that is a dead letter', () => {
    const ledger = {
      ...withAccepted((accepted) => accepted.splice(5, 1)),
      dead: [{ event: 'b-1', isIndexed: true }],
    };
    expect(checkLedger(ledger)).toMatchObject({ dead: 1, violations: [] });
  });

  it('a dead letter that its cause does not lead to', () => {
    const ledger = { ...KEPT, dead: [{ event: 'b-1', isIndexed: false }] };
    expect(checkLedger(ledger).violations).toEqual([{ kind: 'unindexed', event: 'b-1' }]);
    expect(checkLedger({ ...ledger, breakages: [broke({ refusesWrites: true })] }).violations).toEqual([]);
  });

  it('a loss outside of what a breakage may lose, and not one inside', () => {
    const ledger = withAccepted((accepted) => accepted.splice(5, 1));
    const inside = broke({ atMs: 1_005 - NOTED_WITHIN_MS, mayLoseSinceMs: 1_005 });
    const outside = broke({ atMs: 1_004 - NOTED_WITHIN_MS, mayLoseSinceMs: 500 });
    expect(checkLedger({ ...ledger, breakages: [inside] })).toMatchObject({
      lostAsAnnounced: 1,
      violations: [],
    });
    expect(checkLedger({ ...ledger, breakages: [outside] }).violations).toHaveLength(1);
  });

  it('a duplicate', () => {
    const ledger = withAccepted((accepted) => accepted.push(again('a-2')));
    expect(checkLedger(ledger)).toMatchObject({
      duplicates: 1,
      violations: [{ kind: 'too many duplicates', found: 1, allowed: 0 }],
    });
  });

  it('one duplicate more than was in flight, and not as many', () => {
    const ledger = withAccepted((accepted) => accepted.push(again('a-2'), again('b-2')));
    expect(checkLedger({ ...ledger, breakages: [broke({ inFlight: 2 })] }).violations).toEqual([]);
    expect(checkLedger({ ...ledger, breakages: [broke({ inFlight: 1 })] }).violations).toHaveLength(1);
  });

  it('not a duplicate of what the endpoint itself left unanswered', () => {
    const ledger = withAccepted((accepted) => {
      accepted.splice(2, 1, again('a-2', { isAnswered: false }));
      accepted.push(again('a-2'));
    });
    expect(checkLedger(ledger)).toMatchObject({ duplicates: 1, duplicatesAllowed: 1, violations: [] });
  });

  it('an inversion', () => {
    const ledger = withAccepted((accepted) => {
      const [one] = accepted.splice(9, 1);
      if (one !== undefined) accepted.splice(8, 0, one);
    });
    expect(checkLedger(ledger)).toMatchObject({
      inversions: 1,
      violations: [{ kind: 'inversion', call: 'c', earlier: 'c-0', later: 'c-1' }],
    });
  });

  it('no inversion between calls, nor by the repetition of an early event', () => {
    const ledger = withAccepted((accepted) => {
      accepted.reverse();
      accepted.sort((one, other) => one.event.slice(2).localeCompare(other.event.slice(2)));
      accepted.push(again('a-0'));
    });
    expect(checkLedger({ ...ledger, breakages: [broke({ inFlight: 1 })] }).violations).toEqual([]);
  });

  it('two events of one call at a time', () => {
    const ledger = withAccepted((accepted) => accepted.splice(1, 1, again('a-1', { ofCallUnderWay: 2 })));
    expect(checkLedger(ledger).violations).toEqual([{ kind: 'crowded call', call: 'a', event: 'a-1' }]);
  });

  it('two requests of one event at a time', () => {
    const ledger = withAccepted((accepted) =>
      accepted.splice(0, 1, again('a-0', { underWay: 2, ofCallUnderWay: 2 })),
    );
    expect(checkLedger(ledger).violations).toEqual([{ kind: 'overlap', event: 'a-0' }]);
    expect(checkLedger({ ...ledger, breakages: [broke({ cutsRequests: true })] }).violations).toEqual([]);
  });
});

describe('the program', () => {
  function run(ledger: Ledger): { code: number; lines: string[] } {
    const folder = mkdtempSync(join(tmpdir(), 'callpost-ledger-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const write = (name: keyof typeof FILES, rows: readonly unknown[]) =>
      writeFileSync(join(folder, FILES[name]), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    write('acknowledged', ledger.acknowledged);
    write('accepted', ledger.accepted);
    write('breakages', ledger.breakages);
    write('dead', ledger.dead);
    const lines: string[] = [];
    return { code: main([folder], (line) => lines.push(line)), lines };
  }

  it('says that a promise was kept, with 0', () => {
    expect(run(KEPT)).toMatchObject({ code: 0, lines: [expect.stringContaining('"acknowledged":12')] });
  });

  it('names what was lost, with 1', () => {
    const { code, lines } = run({ ...KEPT, accepted: KEPT.accepted.slice(1) });
    expect(code).toBe(1);
    expect(lines[1]).toBe('lost: a-0 of a was acknowledged, but neither accepted nor a dead letter');
  });

  it('does not take an empty ledger for a kept promise', () => {
    expect(run({ acknowledged: [], accepted: [], breakages: [], dead: [] }).code).toBe(2);
    expect(main([], () => undefined)).toBe(2);
  });
});
