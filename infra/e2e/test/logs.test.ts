import { readdirSync, readFileSync } from 'node:fs';
import { eventually, sampleEvent, sampleEvents } from '@callpost/testkit';
import { describe, expect, it } from 'vitest';
import { documentedFields, documentedLines, lineFaults } from './log-docs.js';
import { useStage } from './stage.js';

const ROOT = new URL('../../../', import.meta.url);

const source = ['apps/worker/src/', 'packages/telemetry/src/']
  .flatMap((folder) =>
    readdirSync(new URL(folder, ROOT))
      .filter((name) => /(?<!\.test)\.ts$/.test(name))
      .map((name) => readFileSync(new URL(folder + name, ROOT), 'utf8')),
  )
  .join('\n');

/** Every text that stands in a call of the logger. Those that come from a table are found when a worker writes them. */
function textsInCalls(): string[] {
  const calls = [
    ...source.matchAll(/logger(?:\.\w+|\[[^\n]*?\])\(\s*(?:(?:\{.*?\}|\w+),\s*)?'([^']+)',?\s*\)/gs),
    ...source.matchAll(/errorLog\.report\(\s*'([^']+)'/g),
  ];
  return calls.map(([, text = '']) => text);
}

describe('docs/logs.md', () => {
  it('has every line of the source and no other', () => {
    expect(textsInCalls().length).toBeGreaterThan(20);
    expect(textsInCalls().filter((text) => !documentedLines.has(text))).toEqual([]);
    expect([...documentedLines.keys()].filter((text) => !source.includes(`'${text}'`))).toEqual([]);
  });

  it('has every field of its lines and no other', () => {
    const used = [...documentedLines.values()].flatMap(({ always, sometimes }) => [...always, ...sometimes]);
    expect(new Set(used)).toEqual(new Set(documentedFields.keys()));
  });

  it('finds a line that is not as it says', () => {
    const line = { level: 30, time: 't', service: 's', worker: 'w', msg: 'worker stopped' };
    expect(lineFaults(line)).toEqual([]);
    expect(lineFaults({ ...line, level: 50, phone: '+1', worker: 1, time: undefined })).toEqual([
      'worker stopped: level 50',
      'worker stopped: an undocumented phone',
      'worker stopped: time is undefined',
      'worker stopped: worker is number',
    ]);
    expect(lineFaults({ text: 'something printed' })).toEqual(['no line "something printed"']);
  });
});

describe('a worker', () => {
  const stage = useStage();

  it('turns debug lines on by SIGUSR2, and off by the next one', async () => {
    const worker = await stage.start();
    const taken = () => worker.lines.filter(({ msg }) => msg === 'event taken').map(({ jobId }) => jobId);
    const deliver = async (id: string) => {
      await stage.queue.send(sampleEvent({ id }));
      await worker.line({ msg: 'attempt', eventId: id, outcome: 'delivered' });
    };
    await deliver('ok_before');
    worker.kill('SIGUSR2');
    await worker.line({ msg: 'log level changed', logLevel: 'debug' });
    await deliver('ok_during');
    worker.kill('SIGUSR2');
    await worker.line({ msg: 'log level changed', logLevel: 'info' });
    await deliver('ok_after');
    expect(taken()).toEqual(['e.ok_during']);
  });

  it('writes while Redis is away at most one line a second of each text, and says how many it left out', async () => {
    const worker = await stage.start();
    await stage.queue.sendMany(sampleEvents(50, 'slow-800_'));
    await eventually(async () => expect((await stage.sink.report()).requests.length).toBeGreaterThan(40));
    const before = worker.lines.length;
    const startedAtMs = Date.now();
    await stage.redis.crash();
    const gauges = () => fetch(`${worker.opsUrl}/metrics`).then((response) => response.text());
    await eventually(async () => {
      await gauges();
      return worker.lines.slice(before).some(({ suppressed }) => Number(suppressed) > 0);
    });
    const errors = worker.lines.slice(before).filter(({ level }) => Number(level) >= 50);
    const seconds = (Date.now() - startedAtMs) / 1_000;
    for (const text of new Set(errors.map(({ msg }) => msg))) {
      const lines = errors.filter(({ msg }) => msg === text);
      expect(lines.length, String(text)).toBeLessThanOrEqual(seconds + 2);
    }
    await stage.redis.restart();
  });
});
