import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { type Line, MAX_LINE_BYTES, readLines } from './read-lines.js';

async function linesOf(...chunks: Array<string | Buffer>): Promise<Line[]> {
  const lines: Line[] = [];
  for await (const batch of readLines(Readable.from(chunks))) lines.push(...batch.lines);
  return lines;
}

const text = (number: number, content: string) => ({ ok: true, number, text: content });
const fault = (number: number) => expect.objectContaining({ ok: false, number });

test('lines are numbered from 1; blank ones count and are left out', async () => {
  expect(await linesOf('a\n\n  \r\nb\r\nc')).toEqual([text(1, 'a'), text(4, 'b\r'), text(5, 'c')]);
  expect(await linesOf('a\n')).toEqual([text(1, 'a')]);
  expect(await linesOf()).toEqual([]);
});

test('a line, and a character, may be cut anywhere by the pieces', async () => {
  const bytes = Buffer.from('é1\né2\né3');
  const pieces = [...bytes].map((byte) => Buffer.from([byte]));
  expect(await linesOf(...pieces)).toEqual([text(1, 'é1'), text(2, 'é2'), text(3, 'é3')]);
});

test('a byte order mark is not part of the first line', async () => {
  expect(await linesOf(Buffer.from('\ufeff{}\n'))).toEqual([text(1, '{}')]);
});

test('what is not UTF-8, or too long, is a fault of its line alone', async () => {
  const long = 'x'.repeat(MAX_LINE_BYTES / 2 + 1);
  expect(await linesOf('a\n', Buffer.from([0xff, 0x0a]), 'b\n', long, long, '\nc')).toEqual([
    text(1, 'a'),
    fault(2),
    text(3, 'b'),
    fault(4),
    text(5, 'c'),
  ]);
});

test('lines come with the piece that ends them, so that a pipe that trickles is not kept waiting', async () => {
  const batches = readLines(Readable.from(['a\nb', 'c\n', 'd']));
  const sizes: Array<readonly [number, number]> = [];
  for await (const { lines, bytesRead } of batches) sizes.push([lines.length, bytesRead]);
  expect(sizes).toEqual([
    [1, 3],
    [1, 5],
    [0, 6],
    [1, 6],
  ]);
});
