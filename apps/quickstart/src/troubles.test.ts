import { describe, expect, it } from 'vitest';
import { sampleCalls } from './sample-calls.js';
import { planTroubles, simulatorRules } from './troubles.js';

const plan = (count: number) => planTroubles(sampleCalls({ count, runId: 'run1', startMs: 0 }));

describe('troubles', () => {
  it.each([1, 2, 3, 6, 20])('of %i calls: exactly one 422, exactly one reset, at least one 500', (count) => {
    const troubles = [...plan(count).values()];
    expect(troubles.filter((trouble) => trouble === 'refused')).toHaveLength(1);
    expect(troubles.filter((trouble) => trouble === 'reset')).toHaveLength(1);
    expect(troubles.filter((trouble) => trouble === 'busy')).toHaveLength(Math.ceil(count / 4));
  });

  it('become one rule each, which is used up, so that a replay of the refused event is accepted', () => {
    const troubles = plan(6);
    const rules = simulatorRules(troubles);
    expect(rules).toHaveLength(troubles.size);
    expect(rules).toContainEqual({
      name: 'refused',
      match: { id: 'call-run1-0002-4' },
      times: 1,
      action: { kind: 'status', status: 422, body: expect.any(String) },
    });
  });
});
