/**
 * Control characters, invisible format characters (direction overrides, zero-width ones), line and paragraph
 * separators, and halves of surrogate pairs.
 */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

const ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/**
 * A text from outside on one line, with what a terminal would act upon made visible: an event's id or a response may
 * hold escape sequences that move the cursor, change the title, or hide what stands beside them.
 */
export function visible(text: string): string {
  return text.replace(INVISIBLE, (character) => ESCAPES[character] ?? escapeOf(character));
}

/**
 * JSON with the same care, in escapes that are JSON themselves, so that its value stays what it is. JSON.stringify
 * escapes the control characters below U+0020 only.
 *
 * @param indent spaces; 0 for one line
 */
export function visibleJson(value: unknown, indent: 0 | 2): string {
  const json = JSON.stringify(value, null, indent) ?? 'null';
  return json.replace(INVISIBLE, (character) => (character === '\n' ? '\n' : jsonEscapeOf(character)));
}

function escapeOf(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  return code < 256 ? `\\x${hex.padStart(2, '0')}` : `\\u{${hex}}`;
}

/** Above U+FFFF it takes two. */
function jsonEscapeOf(character: string): string {
  return Array.from(
    { length: character.length },
    (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`,
  ).join('');
}
