import type { Outcomes } from './outcomes.js';

/** What is done to letters, in the forms that sentences need. */
export interface Doing {
  readonly infinitive: 'replay' | 'discard';
  readonly participle: 'replayed' | 'discarded';
  readonly continuous: string;
  /** To how many it may have been done without an answer, when it breaks off. */
  readonly unanswered: 'one' | 'some';
}

export const REPLAY: Doing = {
  infinitive: 'replay',
  participle: 'replayed',
  continuous: 'replaying',
  unanswered: 'one',
};
export const DISCARD: Doing = {
  infinitive: 'discard',
  participle: 'discarded',
  continuous: 'discarding',
  unanswered: 'some',
};

/** `not_dead`: somebody else replayed or discarded the letter meanwhile. */
export type Outcome = Doing['participle'] | 'not_dead';

/** How far it got. */
export interface Done {
  readonly outcomes: Outcomes<Outcome>;
  /** What broke it off; null when it was Ctrl-C or nothing. */
  readonly failure: { readonly error: unknown } | null;
}
