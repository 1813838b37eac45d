import type { Dashboard } from './dashboard.js';
import { deadLetters } from './dead-letters.js';
import { deliveries } from './deliveries.js';
import { overview } from './overview.js';
import { workers } from './workers.js';

export const DASHBOARDS: readonly Dashboard[] = [overview, deliveries, deadLetters, workers];

export function queriesOf({ rows }: Dashboard): string[] {
  return rows.flatMap(({ panels }) => panels.flatMap(({ queries }) => queries.map(({ expr }) => expr)));
}
