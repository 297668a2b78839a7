/** Text that is written again and again, kept as the little-endian words that store its UTF-8. */
export class Literal {
  readonly words: Int32Array;
  readonly length: number;

  constructor(text: string) {
    const bytes = new TextEncoder().encode(text);
    const padded = new Uint8Array(Math.ceil(bytes.length / 4) * 4);
    padded.set(bytes);
    const view = new DataView(padded.buffer);
    this.length = bytes.length;
    this.words = Int32Array.from({ length: padded.length / 4 }, (_, word) => view.getInt32(4 * word, true));
  }

  /** Gives the offset behind it; may scribble over up to three bytes more. */
  write(out: DataView, at: number): number {
    const { words } = this;
    for (let word = 0; word < words.length; word++) out.setInt32(at + 4 * word, words[word] as number, true);
    return at + this.length;
  }
}
