import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { expect, onTestFinished } from 'vitest';
import { anEvent, anyJson, fuzz, oddText } from './fuzz.js';

const CLI = fileURLToPath(new URL('../../../../apps/cli/dist/main.js', import.meta.url));
const LINES = 1_500;

const oneLine = fc.oneof(
  anEvent.map((event) => JSON.stringify(event)),
  anyJson.map((value) => JSON.stringify(value)),
  oddText.map((text) => text.replace(/[\r\n]/g, ' ')),
  fc.constantFrom('', ' ', '{', '[]', 'null', '{"id":', '\ufeff{}', '"'.repeat(100)),
);

fuzz(
  `every one of ${LINES} odd lines of NDJSON has an answer: none stops the others`,
  2,
  fc.array(oneLine, { minLength: LINES, maxLength: LINES, size: 'max' }),
  async (lines) => {
    const folder = mkdtempSync(join(tmpdir(), 'callpost-ndjson-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const file = join(folder, 'events.ndjson');
    writeFileSync(file, lines.join('\n'));
    const { code, stdout } = await dryRun(file);
    // Some lines were refused, as was to be expected.
    expect(code).toBe(4);
    const { valid, refused } = JSON.parse(stdout) as Record<string, number>;
    expect((valid ?? 0) + (refused ?? 0)).toBe(lines.filter((line) => line.trim() !== '').length);
  },
);

function dryRun(file: string) {
  return new Promise<{ code: number; stdout: string }>((resolve) => {
    const options = { env: { PATH: process.env.PATH }, maxBuffer: 1e9 };
    execFile(
      process.execPath,
      [CLI, 'send', file, '--dry-run', '--output', 'json'],
      options,
      (error, stdout) => resolve({ code: error === null ? 0 : Number(error.code), stdout }),
    );
  });
}
