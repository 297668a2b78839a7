/** Tries something again and again, ever more seldom, as long as there is something to try. */

/** Milliseconds until the first try, and between two at most. */
const FIRST = 1000;
const LONGEST = 30_000;

export class Again {
  readonly #act: () => Promise<boolean>;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  /** `act`: resolves to whether it has to be tried again. */
  constructor(act: () => Promise<boolean>) {
    this.#act = act;
  }

  /** In a second, unless a try is to come anyway. */
  begin(): void {
    if (!this.#timer) this.#in(FIRST, 2 * FIRST);
  }

  /** At once: something has changed. */
  now(): void {
    clearTimeout(this.#timer);
    this.#in(0, FIRST);
  }

  #in(wait: number, next: number): void {
    if (this.#isOver) return;
    const timer = setTimeout(async () => {
      const goesOn = await this.#act();
      if (this.#timer !== timer) return;
      this.#timer = undefined;
      if (goesOn) this.#in(next, Math.min(2 * next, LONGEST));
    }, wait);
    this.#timer = timer;
  }

  end(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }
}
