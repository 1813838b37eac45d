/** Takes two columns of a terminal. Source: the wide and fullwidth ranges of Unicode's EastAsianWidth, and emoji. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;
/** Stands on the character before it. */
const COMBINING = /\p{M}/u;

/** How many columns of a terminal a text without control characters takes. */
export function displayWidth(text: string): number {
  if (ASCII.test(text)) return text.length;
  return [...text].reduce((width, character) => width + characterWidth(character), 0);
}

const ASCII = /^[\x20-\x7e]*$/;

function characterWidth(character: string): number {
  if (COMBINING.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

/** A text in lines of so many columns, broken at blanks where that does not leave a line half empty. */
export function wrapText(text: string, width: number): string[] {
  const lines: string[] = [];
  let rest = text;
  while (displayWidth(rest) > width) {
    const line = lineOf(rest, width);
    lines.push(line);
    rest = rest.slice(line.length).trimStart();
  }
  return [...lines, rest];
}

function lineOf(text: string, width: number): string {
  const end = lengthWithin(text, width);
  const blank = text.lastIndexOf(' ', end);
  return text.slice(0, blank > end / 2 ? blank : end);
}

/** At least one character, or a narrow terminal would never come to an end. */
function lengthWithin(text: string, width: number): number {
  let length = 0;
  let columns = 0;
  for (const character of text) {
    columns += characterWidth(character);
    if (columns > width && length > 0) return length;
    length += character.length;
  }
  return length;
}
