import type { Actor } from '@callpost/queue';
import type { Context } from '../context.js';

/** Whoever typed the command, for the audit trail. */
export function actorOf({ who }: Pick<Context, 'who'>, comment: string | null): Actor {
  return { who, via: 'cli', comment };
}
