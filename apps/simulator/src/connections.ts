import type { Socket } from 'node:net';

/** Numbers the TCP connections that carried a call event, in the order of their first one. */
export class Connections {
  #count = 0;
  readonly #numbers = new WeakMap<Socket, number>();

  get count(): number {
    return this.#count;
  }

  numberOf(socket: Socket): number {
    const known = this.#numbers.get(socket);
    if (known !== undefined) return known;
    this.#count += 1;
    this.#numbers.set(socket, this.#count);
    return this.#count;
  }
}
