import { Readable } from 'node:stream';

const CHUNK_LENGTH = 65_536;

export interface JsonListOptions<Item> {
  readonly name: string;
  readonly items: Iterable<Item>;
  /** How an item is shown; called only when its turn comes. */
  readonly view: (item: Item) => object;
}

/** `{"<name>":[…]}` piece by piece: all kept events as one text would be longer than a string can be. */
export function jsonList<Item>({ name, items, view }: JsonListOptions<Item>): Readable {
  return Readable.from(chunksOf({ name, items, view }));
}

function* chunksOf<Item>({ name, items, view }: JsonListOptions<Item>): Generator<string> {
  let chunk = `{${JSON.stringify(name)}:[`;
  let separator = '';
  for (const item of items) {
    chunk += separator + JSON.stringify(view(item));
    separator = ',';
    if (chunk.length < CHUNK_LENGTH) continue;
    yield chunk;
    chunk = '';
  }
  yield `${chunk}]}`;
}
