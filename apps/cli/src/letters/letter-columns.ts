import type { Column } from '../output/table.js';
import { ageText, countText } from '../output/words.js';
import { type LetterView, reasonText } from './letter-view.js';

/** The columns of `dlq list`. An id is never left out: it is what the next command needs. */
export function letterColumns(nowMs: number, hasChannels: boolean): Column<LetterView>[] {
  const channel: Column<LetterView> = { header: 'CHANNEL', text: (letter) => letter.channel, leaveOut: 1 };
  return [
    { header: 'DIED', align: 'right', text: (letter) => ageText(nowMs - letter.diedAtMs) },
    ...(hasChannels ? [channel] : []),
    { header: 'EVENT ID', text: (letter) => letter.eventId ?? letter.jobId },
    { header: 'REASON', text: reasonText, colour: () => 'red' },
    { header: 'HTTP', align: 'right', text: (letter) => String(letter.status ?? '-'), leaveOut: 2 },
    { header: 'ATTEMPTS', align: 'right', text: (letter) => countText(letter.attempts), leaveOut: 4 },
    { header: 'REPLAYS', align: 'right', text: (letter) => countText(letter.replays), leaveOut: 5 },
    {
      header: 'DELIVERED',
      text: (letter) => (letter.possiblyDelivered ? 'maybe' : 'no'),
      colour: (letter) => (letter.possiblyDelivered ? 'yellow' : null),
      leaveOut: 3,
    },
    { header: 'CAUSE', text: (letter) => letter.cause, leaveOut: 7 },
    { header: 'CUSTOMER', text: (letter) => letter.customerPhone ?? '-', leaveOut: 6 },
    { header: 'RESPONSE', text: (letter) => letter.response ?? '-' },
  ];
}
