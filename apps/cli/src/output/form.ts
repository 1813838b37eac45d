import type { Context } from '../context.js';
import { type OutputStream, widthOf, write } from '../terminal.js';
import { type Paint, paintFor } from './paint.js';
import { visibleJson } from './visible.js';

/** `table` also where stdout is no terminal: what a person saw is what `grep` gets. Scripts ask for one of the others. */
export const OUTPUT_FORMS = ['table', 'json', 'ndjson'] as const;

export type OutputForm = (typeof OUTPUT_FORMS)[number];

/** How a table is to be drawn. */
export interface Drawing {
  /** Null: as wide as it takes. */
  readonly width: number | null;
  readonly paint: Paint;
}

/** A command's answer in each form. */
export interface Answer {
  readonly table: (drawing: Drawing) => string;
  /** One JSON document. An object, so that it can grow. */
  readonly json: unknown;
  /** One JSON text a line. */
  readonly ndjson: readonly unknown[];
}

const TEXT_OF: Readonly<Record<OutputForm, (answer: Answer, drawing: Drawing) => string>> = {
  table: ({ table }, drawing) => table(drawing),
  json: ({ json }) => `${visibleJson(json, 2)}\n`,
  ndjson: ({ ndjson }) => ndjsonText(ndjson),
};

export async function print(context: Context, answer: Answer): Promise<void> {
  const { terminal, form } = context;
  await write(terminal.stdout, TEXT_OF[form](answer, drawingOn(terminal.stdout, context)));
}

export function drawingOn(stream: OutputStream, { mayColour }: Context): Drawing {
  return { width: widthOf(stream), paint: paintFor(stream, mayColour) };
}

export function ndjsonText(values: readonly unknown[]): string {
  return values.map((value) => `${visibleJson(value, 0)}\n`).join('');
}
