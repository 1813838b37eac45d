import fc from 'fast-check';
import { it } from 'vitest';

/**
 * `npm run fuzz -- --cases N` multiplies the counts of all tests and chooses a seed. Without it every run of CI sees the
 * same cases, so that a failure has something to do with the change.
 */
const SCALE = Number(process.env.FUZZ_SCALE ?? 1);
const SEED = Number(process.env.FUZZ_SEED ?? 20_260_101);

/** Cases of all tests together when nothing is asked for: about 113,000. */
const scaled = (cases: number): number => Math.max(1, Math.round(cases * SCALE));

/** One property, tried with so many made-up inputs. What fails is made as small as it gets, and shown with its seed. */
export function fuzz<T>(
  name: string,
  cases: number,
  input: fc.Arbitrary<T>,
  check: (input: T) => void | Promise<void>,
): void {
  const numRuns = scaled(cases);
  it(
    `${name} (${numRuns} cases)`,
    async () => {
      const property = fc.asyncProperty(input, async (one) => check(one));
      await fc.assert(property, { numRuns, seed: SEED });
    },
    120_000 * Math.max(1, SCALE),
  );
}

/** Anything that JSON can say, deep and odd. */
export const anyJson = fc.jsonValue({ maxDepth: 4 });

/** Text with what breaks programs: control characters, separators of Redis and HTTP, globs, Lua, halves of pairs. */
export const oddText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ unit: 'grapheme', maxLength: 60 }),
  fc
    .array(
      fc.constantFrom(
        '\r\n',
        ':',
        '*',
        '?',
        '[a-z]',
        '\\',
        '{',
        '}',
        '%',
        '%s',
        '\0',
        "'",
        '"',
        ']]',
        '--[[',
        'e.',
        'wait',
        '42',
        '\ud83d',
        ' ',
        '\u2028',
        'phone:',
        'thread:',
        '../',
        '#{x}',
      ),
      { maxLength: 8 },
    )
    .map((parts) => parts.join('')),
);

/** A valid event, but for what the test changes. */
export const anEvent = fc.record({
  id: fc.uuid(),
  thread_id: fc.option(oddText, { nil: undefined }),
  direction: fc.constantFrom('inbound', 'outbound', null, undefined),
  from: fc.record({ name: fc.option(oddText, { nil: null }), phone: fc.constant('+15105550199') }),
  to: fc.record({ name: fc.option(oddText, { nil: undefined }), phone: fc.constant('+16505550100') }),
  body: oddText.map((text) => `b${text}`),
});
