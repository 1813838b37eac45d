import { BoundedMap } from './bounded-map.js';
import type { Match, Rule } from './rule.js';

/** What a rule can look at; null where the request's body has no such text. */
export interface RuleSubject {
  readonly id: string | null;
  readonly thread: string | null;
  /** The event's `body`. */
  readonly text: string | null;
}

export type CountedRule = Rule & { readonly uses: number };

interface Entry {
  readonly rule: Rule;
  uses: number;
  readonly usesOfId: BoundedMap<string, number>;
}

/** The rules in force. The first that matches and has uses left decides; it is used by deciding. */
export class RuleBook {
  readonly #rememberedIds: number;
  #entries: readonly Entry[] = [];

  /** @param rememberedIds beyond so many ids a rule with `timesPerId` forgets the oldest, which it then meets anew */
  constructor(rememberedIds: number) {
    this.#rememberedIds = rememberedIds;
  }

  /** All counts begin at 0. */
  replace(rules: readonly Rule[]): void {
    this.#entries = rules.map((rule) => ({ rule, uses: 0, usesOfId: new BoundedMap(this.#rememberedIds) }));
  }

  use(subject: RuleSubject): Rule | null {
    const entry = this.#entries.find((candidate) => applies(candidate, subject));
    if (entry === undefined) return null;
    entry.uses += 1;
    if (entry.rule.timesPerId !== undefined) entry.usesOfId.set(idOf(subject), usesOfId(entry, subject) + 1);
    return entry.rule;
  }

  list(): CountedRule[] {
    return this.#entries.map(({ rule, uses }) => ({ ...rule, uses }));
  }
}

function applies(entry: Entry, subject: RuleSubject): boolean {
  const { match, times, timesPerId } = entry.rule;
  if (times !== undefined && entry.uses >= times) return false;
  if (timesPerId !== undefined && usesOfId(entry, subject) >= timesPerId) return false;
  return match === undefined || matches(match, subject);
}

function matches(match: Match, { id, thread, text }: RuleSubject): boolean {
  if (match.id !== undefined && match.id !== id) return false;
  if (match.idPrefix !== undefined && !id?.startsWith(match.idPrefix)) return false;
  if (match.thread !== undefined && match.thread !== thread) return false;
  return match.bodyContains === undefined || (text?.includes(match.bodyContains) ?? false);
}

function usesOfId(entry: Entry, subject: RuleSubject): number {
  return entry.usesOfId.get(idOf(subject)) ?? 0;
}

/** Requests without an id count as one; an id is never empty. */
function idOf(subject: RuleSubject): string {
  return subject.id ?? '';
}
