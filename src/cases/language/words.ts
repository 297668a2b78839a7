/** A line of a case as words, each with its place: quoted text is one word, commas and semicolons only set parts off. */
import { printable } from '../../base/printable.ts';

export interface Word {
  readonly text: string;
  readonly quoted: boolean;
  /** Offset in the line, and how many characters it takes there. */
  readonly at: number;
  readonly length: number;
}

/** What is wrong with a line, and where in it. */
export interface Fault {
  readonly fault: string;
  /** What to do about it. */
  readonly hint?: string;
  readonly at: number;
  readonly length: number;
}

/** Thrown by readers of a line, caught where the line is known. */
export class LineError extends Error {
  readonly fault: Fault;

  constructor(fault: Fault) {
    super(fault.fault);
    this.fault = fault;
  }
}

export function wordsOf(line: string): Word[] {
  return [...line.matchAll(/"([^"]*)"|[^\s,;"]+/g)].map((match) => ({
    text: match[1] ?? match[0],
    quoted: match[1] !== undefined,
    at: match.index,
    length: match[0].length,
  }));
}

/** Goes through the words of a line. */
export class WordReader {
  readonly #words: readonly Word[];
  readonly #end: number;
  #next = 0;

  constructor(line: string) {
    this.#words = wordsOf(line);
    this.#end = line.length;
  }

  peek(ahead = 0): Word | undefined {
    return this.#words[this.#next + ahead];
  }

  next(): Word | undefined {
    return this.#words[this.#next++];
  }

  /** Takes the words if they are the next ones. */
  take(...texts: readonly string[]): boolean {
    const are = texts.every((text, index) => {
      const word = this.peek(index);
      return word !== undefined && !word.quoted && word.text === text;
    });
    if (are) this.#next += texts.length;
    return are;
  }

  /** The next word, which has to be there: `what` it is, `an address`. */
  need(what: string, hint?: string): Word {
    const word = this.next();
    if (word) return word;
    throw this.#missing(what, hint);
  }

  #missing(what: string, hint?: string): LineError {
    const at = this.#end;
    return new LineError({ fault: `here is missing ${what}`, ...(hint && { hint }), at, length: 1 });
  }
}

export function faultAt(word: Word, fault: string, hint?: string): LineError {
  const { at, length } = word;
  return new LineError({ fault, ...(hint !== undefined && { hint }), at, length });
}

/** A word as it was found, for a message. */
export function quote(text: string): string {
  return `"${printable(text)}"`;
}
