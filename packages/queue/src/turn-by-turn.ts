/**
 * Collects what comes within one turn of the event loop, so that it goes to Redis together. What comes alone waits for
 * nothing but the end of its turn.
 *
 * @param most so many go at once, without waiting for that
 * @param handle gets them in their order, never none
 */
export function turnByTurn<Item>(
  most: number,
  handle: (items: readonly Item[]) => void,
): (item: Item) => void {
  let items: Item[] = [];
  function handleAll(): void {
    const all = items;
    items = [];
    if (all.length > 0) handle(all);
  }
  return (item) => {
    items.push(item);
    if (items.length === most) handleAll();
    else if (items.length === 1) setImmediate(handleAll);
  };
}
