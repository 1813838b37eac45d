import type { Reason } from '@callpost/domain';
import { type CauseSummary, eventIdOfJobId } from '@callpost/queue';

/** A cause as `dlq causes` shows it, over all channels asked for. */
export interface CauseView {
  readonly cause: string;
  readonly reason: Reason;
  /** What came back, without what differs from event to event. */
  readonly template: string;
  readonly count: number;
  readonly channels: readonly string[];
  readonly oldestAtMs: number;
  readonly newestAtMs: number;
  /** Event id of the newest letter, or its job id where that does not tell. */
  readonly newestId: string;
}

/** Adds up what is of one cause: the same mistake has the same cause in every channel. */
export class CauseSums {
  readonly #views = new Map<string, CauseView>();

  add(channel: string, { cause, count, oldestAtMs, newestAtMs, newestJobId }: CauseSummary): void {
    const { id, reason, template } = cause;
    const before = this.#views.get(id);
    const isNewest = before === undefined || newestAtMs > before.newestAtMs;
    this.#views.set(id, {
      cause: id,
      reason,
      template,
      count: count + (before?.count ?? 0),
      channels: [...(before?.channels ?? []), channel],
      oldestAtMs: Math.min(oldestAtMs, before?.oldestAtMs ?? oldestAtMs),
      newestAtMs: isNewest ? newestAtMs : before.newestAtMs,
      newestId: isNewest ? (eventIdOfJobId(newestJobId) ?? newestJobId) : before.newestId,
    });
  }

  /** The most frequent first. */
  views(): CauseView[] {
    return [...this.#views.values()].sort((a, b) => b.count - a.count || b.newestAtMs - a.newestAtMs);
  }
}
