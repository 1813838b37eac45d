import { styleText } from 'node:util';
import type { OutputStream } from '../terminal.js';

export type Colour = 'bold' | 'dim' | 'green' | 'red' | 'yellow';

export type Paint = (colour: Colour | null, text: string) => string;

/** Colour goes to terminals only, and only where it is wanted. */
export function paintFor(stream: OutputStream, mayColour: boolean): Paint {
  if (stream.isTTY !== true || !mayColour) return (_, text) => text;
  return (colour, text) => (colour === null ? text : styleText(colour, text, { validateStream: false }));
}
