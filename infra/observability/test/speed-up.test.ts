import { expect, it } from 'vitest';
import { fasterConfig, fasterQuery, fasterRules } from '../src/speed-up.js';

it('divides every duration and changes nothing else', () => {
  expect(
    fasterQuery('increase(a:b:rate5m[4m]) >= 3 and max_over_time(c{x="5m"}[1h30m] offset 2m) > 300', 30),
  ).toBe('increase(a:b:rate5m[8000ms]) >= 3 and max_over_time(c{x="5m"}[180000ms] offset 4000ms) > 300');
  const rule = {
    alert: 'A',
    expr: 'up == 0',
    for: '1m',
    labels: { severity: 'page' },
    annotations: { summary: 'for 1m', description: '', runbook_url: '' },
  };
  expect(fasterRules({ groups: [{ name: 'g', rules: [rule] }] }, 60)).toEqual({
    groups: [{ name: 'g', rules: [{ ...rule, for: '1000ms' }] }],
  });
  const config = { global: { scrape_interval: '15s' }, list: [{ scrape_interval: '1m', port: 1 }] };
  expect(fasterConfig(config, ['scrape_interval'], 30)).toEqual({
    global: { scrape_interval: '500ms' },
    list: [{ scrape_interval: '2000ms', port: 1 }],
  });
});
