import { describe, expect, test } from 'vitest';
import { queueName } from '../names.js';
import { allHomes, homeOfCall, homes, pathOfCall, UNDIVIDED } from './layout.js';

const calls = Array.from({ length: 10_000 }, (_, index) => `phone:+1510555${index}`);

describe('homes of calls', () => {
  test('an undivided channel has one: its own queue', () => {
    expect(homes('default', 1)).toEqual(['default']);
    expect(allHomes('default', UNDIVIDED)).toEqual(['default']);
    expect(pathOfCall('default', UNDIVIDED, 'thread:a')).toEqual(['default']);
  });

  test('calls are spread evenly, and a call has the same home for good', () => {
    const counts = new Map<string, number>();
    for (const call of calls) {
      const home = homeOfCall('default', 4, call);
      counts.set(home, (counts.get(home) ?? 0) + 1);
    }
    expect([...counts.keys()].sort()).toEqual(homes('default', 4));
    for (const count of counts.values()) expect(Math.abs(count - 2_500)).toBeLessThan(250);
    expect(homeOfCall('default', 64, 'thread:a')).toBe('default.16');
  });

  test('a call is looked for where it began under each layout, each place once, and last where it begins now', () => {
    const layout = { generation: 3, shards: 4, former: [1, 4, 2] };
    for (const call of calls.slice(0, 100)) {
      const path = pathOfCall('default', layout, call);
      expect(path[0]).toBe('default');
      expect(path.at(-1)).toBe(homeOfCall('default', 4, call));
      expect(path).toContain(homeOfCall('default', 2, call));
      expect(new Set(path).size).toBe(path.length);
    }
    expect(allHomes('default', layout)).toEqual(['default', ...homes('default', 4)]);
  });

  test('a shard is a queue and a cluster slot of its own; what is no channel is refused', () => {
    expect(queueName('default.3')).toBe('{voice-default.3}');
    for (const name of ['a.b', 'a.', '.1', 'a.1.2', 'A.1', ''])
      expect(() => queueName(name)).toThrow(RangeError);
  });
});
