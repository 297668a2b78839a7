/** The words of a line that iproute2 prints, taken one after the other: mostly `key value` pairs and single flags. */
export class Words {
  readonly #words: readonly string[];
  #at = 0;

  constructor(line: string) {
    this.#words = line.split(/\s+/).filter((word) => word !== '');
  }

  get done(): boolean {
    return this.#at >= this.#words.length;
  }

  peek(ahead = 0): string | undefined {
    return this.#words[this.#at + ahead];
  }

  /** The next word; empty at the end of the line. */
  next(): string {
    return this.#words[this.#at++] ?? '';
  }

  /** Hands on the value that a key has, unless the line ends with the key. */
  value(take: (word: string) => void): void {
    if (!this.done) take(this.next());
  }

  /** Takes the next word if it is this one. */
  skip(word: string): boolean {
    if (this.peek() !== word) return false;
    this.#at++;
    return true;
  }
}
