import { cut } from '../../capture/packet-blocks.ts';

const ROOM = 1 << 16;

/** Texts as the bytes of a comment. Many lie in one piece of memory: they are short, and there are many. */
export class Comments {
  readonly #encoder = new TextEncoder();
  #bytes = new Uint8Array(ROOM);
  #at = 0;

  of(text: string): Uint8Array;
  of(text: string | undefined): Uint8Array | undefined;
  of(text: string | undefined): Uint8Array | undefined {
    if (text === undefined) return undefined;
    const most = text.length * 3;
    if (most > ROOM >> 3) return cut(this.#encoder.encode(text));
    if (this.#at + most > ROOM) {
      this.#bytes = new Uint8Array(ROOM);
      this.#at = 0;
    }
    const begin = this.#at;
    this.#at += this.#encoder.encodeInto(text, this.#bytes.subarray(begin)).written;
    return this.#bytes.subarray(begin, this.#at);
  }
}
