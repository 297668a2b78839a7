/** ASCII text that is written again and again, kept as the little-endian words that store it. */
export class Literal {
  readonly words: Uint32Array;
  readonly length: number;

  constructor(text: string) {
    if (!/^[\x00-\x7f]*$/.test(text)) throw new Error(`not ASCII: ${text}`);
    this.length = text.length;
    this.words = Uint32Array.from({ length: Math.ceil(text.length / 4) }, (_, word) => {
      let value = 0;
      for (let byte = 3; byte >= 0; byte--) value = value * 256 + (text.charCodeAt(4 * word + byte) || 0);
      return value;
    });
  }

  /** Gives the offset behind it; may scribble over up to three bytes more. */
  write(out: DataView, at: number): number {
    const { words } = this;
    for (let word = 0; word < words.length; word++) out.setUint32(at + 4 * word, words[word] as number, true);
    return at + this.length;
  }
}
