import { readFileSync } from 'node:fs';
import type { LogLine } from '@callpost/testkit';

interface DocumentedLine {
  readonly levels: ReadonlySet<number>;
  readonly always: ReadonlySet<string>;
  readonly sometimes: ReadonlySet<string>;
}

const EVERYWHERE = ['level', 'time', 'service', 'worker', 'msg'];

const page = readFileSync(new URL('../../../docs/logs.md', import.meta.url), 'utf8');

/** What docs/logs.md says of each line, by its `msg`. */
export const documentedLines: ReadonlyMap<string, DocumentedLine> = new Map(
  rowsOf('## Lines').map(([msg = '', levels = '', fields = '']) => {
    const [always = '', sometimes = ''] = fields.split('(');
    return [
      msg.replaceAll('`', ''),
      {
        levels: new Set([...levels.matchAll(/\d+/g)].map(([level]) => Number(level))),
        always: new Set([...EVERYWHERE, ...namesIn(always)]),
        sometimes: new Set(namesIn(sometimes)),
      },
    ];
  }),
);

/** Of each field its types: of JSON, and of an array whose items are alike, such as `string[]`. */
export const documentedFields: ReadonlyMap<string, readonly string[]> = new Map(
  rowsOf('## Fields').map(([name = '', types = '']) => [name.replaceAll('`', ''), types.split(', ')]),
);

/** Where a line is not as docs/logs.md says; empty when it is. */
export function lineFaults(line: LogLine): string[] {
  const msg = String(line.msg ?? line.text);
  const documented = documentedLines.get(msg);
  if (documented === undefined) return [`no line "${msg}"`];
  const { levels, always, sometimes } = documented;
  const missing = [...always].filter((name) => !(name in line));
  const unknown = Object.keys(line).filter((name) => !always.has(name) && !sometimes.has(name));
  const mistyped = Object.entries(line).filter(
    ([name, value]) => !fits(value, documentedFields.get(name) ?? [typeOf(value)]),
  );
  return [
    ...(levels.has(Number(line.level)) ? [] : [`level ${line.level}`]),
    ...missing.map((name) => `no ${name}`),
    ...unknown.map((name) => `an undocumented ${name}`),
    ...mistyped.map(([name, value]) => `${name} is ${typeOf(value)}`),
  ].map((fault) => `${msg}: ${fault}`);
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  const isArray = Array.isArray(value) && value.every((item) => typeof item === typeof value[0]);
  return isArray ? `${typeof value[0]}[]` : typeof value;
}

function fits(value: unknown, types: readonly string[]): boolean {
  const isEmpty = Array.isArray(value) && value.length === 0;
  return isEmpty ? types.some((type) => type.endsWith('[]')) : types.includes(typeOf(value));
}

/** The cells of the first table below a heading. */
function rowsOf(heading: string): string[][] {
  const section = page.split(`\n${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  return [...section.matchAll(/^\| (`.*) \|$/gm)].map(([, row = '']) =>
    row.split('|').map((cell) => cell.trim()),
  );
}

function namesIn(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);
}
