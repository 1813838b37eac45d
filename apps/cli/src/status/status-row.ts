import type { ChannelState, ChannelStatus } from '@callpost/queue';
import { stateWord } from '../braking/channel-view.js';

/** Numbers are events; ages are ms, null when there is nothing that could have one. */
export interface StatusRow {
  readonly channel: string;
  /** As `channel list` has it; null for the total. */
  readonly state: string | null;
  readonly waiting: number;
  readonly inFlight: number;
  readonly retrying: number;
  readonly parked: number;
  readonly dead: number;
  readonly oldestWaitingAgeMs: number | null;
  readonly oldestDeadAgeMs: number | null;
}

export function statusRow(status: ChannelStatus, state: ChannelState, nowMs: number): StatusRow {
  const { channel, counts, oldestWaitingAtMs, oldestDeadAtMs } = status;
  const ageOf = (atMs: number | null) => (atMs === null ? null : Math.max(0, nowMs - atMs));
  return {
    channel,
    state: stateWord(state),
    waiting: counts.waiting,
    inFlight: counts.in_flight,
    retrying: counts.retrying,
    parked: counts.parked,
    dead: counts.dead,
    oldestWaitingAgeMs: ageOf(oldestWaitingAtMs),
    oldestDeadAgeMs: ageOf(oldestDeadAtMs),
  };
}

export function totalRow(rows: readonly StatusRow[]): StatusRow {
  const sum = (count: (row: StatusRow) => number) => rows.reduce((total, row) => total + count(row), 0);
  const oldest = (age: (row: StatusRow) => number | null) => {
    const ages = rows.map(age).filter((ageMs) => ageMs !== null);
    return ages.length === 0 ? null : Math.max(...ages);
  };
  return {
    channel: 'total',
    state: null,
    waiting: sum((row) => row.waiting),
    inFlight: sum((row) => row.inFlight),
    retrying: sum((row) => row.retrying),
    parked: sum((row) => row.parked),
    dead: sum((row) => row.dead),
    oldestWaitingAgeMs: oldest((row) => row.oldestWaitingAgeMs),
    oldestDeadAgeMs: oldest((row) => row.oldestDeadAgeMs),
  };
}
