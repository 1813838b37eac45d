import type { Paint } from './screen.js';
import type { Summary } from './verdict.js';

/** The summary as a person reads it. */
export function summaryLines(summary: Summary, paint: Paint): string[] {
  const { sent, delivered, deliveredTwice, retried, dead, outOfOrder, badSignatures, complaints } = summary;
  const row = (name: string, value: number, note = '') =>
    `  ${name.padEnd(16)}${String(value).padStart(5)}   ${paint('dim', note)}`.trimEnd();
  return [
    paint('bold', 'Summary'),
    row('sent', sent, 'events that Redis acknowledged'),
    row('delivered', delivered, twiceNote(deliveredTwice)),
    row('retried', retried, 'needed more than one attempt'),
    row('dead', dead, 'refused with 422 on purpose; kept until a person replays it'),
    row('out of order', outOfOrder, 'within a call, although some were retried'),
    row('bad signatures', badSignatures, 'as the simulator checked them'),
    ...complaints.map((complaint) => paint('red', `  ✗ ${complaint}`)),
    ...(complaints.length === 0 ? [paint('green', '  ✓ every event is delivered or a dead letter')] : []),
  ];
}

function twiceNote(count: number): string {
  if (count === 0) return 'each accepted exactly once';
  return `${count} of them twice, under the same id: the connection broke before the answer`;
}
