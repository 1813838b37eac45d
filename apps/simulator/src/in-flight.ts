/** Requests whose body has arrived and whose answer, or hanging, lasts. */
export class InFlight {
  #now = 0;
  #max = 0;

  get now(): number {
    return this.#now;
  }

  get max(): number {
    return this.#max;
  }

  begin(): void {
    this.#now += 1;
    this.#max = Math.max(this.#max, this.#now);
  }

  end(): void {
    this.#now -= 1;
  }

  forgetMax(): void {
    this.#max = this.#now;
  }
}
