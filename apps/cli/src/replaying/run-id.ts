const LETTERS = 'abcdefghjkmnpqrstuvwxyz23456789';
const RANDOM_LENGTH = 4;

/**
 * `20261123-0331-x7k2`: sorts by time, and is short enough to be read out at three in the morning.
 *
 * @param random from 0 to below 1
 */
export function newRunId(nowMs: number, random: () => number): string {
  const [date = '', time = ''] = new Date(nowMs).toISOString().split('T');
  const rest = Array.from({ length: RANDOM_LENGTH }, () => LETTERS[Math.floor(random() * LETTERS.length)]);
  return `${date.replaceAll('-', '')}-${time.slice(0, 5).replace(':', '')}-${rest.join('')}`;
}
