import { expect, it } from 'vitest';
import { createErrorLog } from './error-log.js';
import { createLogger } from './logger.js';

function errorLog() {
  const lines: Record<string, unknown>[] = [];
  let nowMs = 0;
  const logger = createLogger({
    level: 'error',
    base: {},
    destination: { write: (line: string) => lines.push(JSON.parse(line)) },
  });
  const log = createErrorLog(logger, () => nowMs);
  return { lines, log, pass: (ms: number) => (nowMs += ms) };
}

it('writes at most one line a second for each part, and says how many it left out', () => {
  const { lines, log, pass } = errorLog();
  for (let index = 0; index < 845; index += 1) {
    log.report('Redis trouble', new Error(`refused ${index}`));
    pass(1);
  }
  log.report('another part', new Error('once'));
  pass(1_000);
  log.report('Redis trouble', new Error('again'));
  expect(lines.map(({ msg, suppressed }) => [msg, suppressed])).toEqual([
    ['Redis trouble', undefined],
    ['another part', undefined],
    ['Redis trouble', 844],
  ]);
});

it('shows of an error its type, code and masked message, and nothing else it carries', () => {
  const { lines, log } = errorLog();
  const error = Object.assign(new TypeError('call +15105550199 or jane@example.com failed'), {
    code: 'E_SOME',
    request: { body: 'private' },
    cause: new Error('private'),
  });
  log.report('delivery', error);
  expect(lines[0]?.error).toEqual({
    type: 'TypeError',
    code: 'E_SOME',
    message: 'call +1510•••0199 or ••• failed',
  });
  expect(JSON.stringify(lines)).not.toContain('private');
});

it('finds words in an error that only sums up others', () => {
  const { lines, log } = errorLog();
  log.report('Redis trouble', new AggregateError([new Error('connect ECONNREFUSED')]));
  expect(lines[0]?.error).toMatchObject({ message: 'connect ECONNREFUSED' });
});
