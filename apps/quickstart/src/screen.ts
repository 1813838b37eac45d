import { styleText } from 'node:util';

export type Colour = 'green' | 'yellow' | 'red' | 'dim' | 'bold';

/** Text in a colour; on a screen without colours the text as it is. */
export type Paint = (colour: Colour, text: string) => string;

export interface Screen {
  readonly paint: Paint;
  print(...lines: readonly string[]): void;
}

/** Node itself leaves colours out where stdout is no terminal or NO_COLOR is set. */
export function createScreen(stdout: NodeJS.WritableStream): Screen {
  return {
    paint: styleText,
    print: (...lines) => void stdout.write(lines.map((line) => `${line}\n`).join('')),
  };
}
