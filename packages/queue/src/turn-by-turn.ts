/**
 * Collects what comes within one turn of the event loop, so that it goes to Redis together. What comes alone waits for
 * nothing but the end of its turn.
 *
 * @param handle gets one turn's items, in their order
 */
export function turnByTurn<Item>(handle: (items: readonly Item[]) => void): (item: Item) => void {
  let items: Item[] = [];
  function handleAll(): void {
    const all = items;
    items = [];
    handle(all);
  }
  return (item) => {
    if (items.push(item) === 1) setImmediate(handleAll);
  };
}

/** The parts of a list, each of at most `size`. */
export function* partsOf<Item>(items: readonly Item[], size: number): Generator<readonly Item[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size);
}
