import { ageText, countText } from '../output/words.js';
import type { ChosenLetter } from './choose-letters.js';

/** Numbers by reason and by channel, the greatest first. */
export function countsOf(letters: readonly ChosenLetter[]) {
  return {
    byChannel: countBy(letters, (letter) => letter.channel),
    byReason: countBy(letters, (letter) => letter.reason),
    possiblyDelivered: letters.filter((letter) => letter.possiblyDelivered).length,
  };
}

/** What a person should know before something is done to these letters, of which there is at least one. */
export function describeLetters(
  letters: readonly ChosenLetter[],
  nowMs: number,
): Array<readonly [name: string, text: string]> {
  const { byChannel, byReason, possiblyDelivered } = countsOf(letters);
  const diedAtMs = letters.map((letter) => letter.diedAtMs).sort((a, b) => a - b);
  const age = (atMs = nowMs) => ageText(nowMs - atMs);
  return [
    ['dead letters', countText(letters.length)],
    ['channels', listText(byChannel)],
    ['reasons', listText(byReason)],
    ['died', `${age(diedAtMs[0])} to ${age(diedAtMs.at(-1))} ago`],
    [
      'delivered?',
      possiblyDelivered === 0 ? 'none of them' : `maybe ${countText(possiblyDelivered)} of them`,
    ],
  ];
}

function countBy<K extends string>(letters: readonly ChosenLetter[], keyOf: (letter: ChosenLetter) => K) {
  const counts = new Map<K, number>();
  for (const letter of letters) counts.set(keyOf(letter), (counts.get(keyOf(letter)) ?? 0) + 1);
  return Object.fromEntries([...counts].sort(([, a], [, b]) => b - a));
}

/** `default 4, support 1`. */
function listText(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([key, count]) => `${key} ${countText(count)}`)
    .join(', ');
}
