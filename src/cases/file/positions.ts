/** Places in a file of text, by line and column. */
import { LineCounter } from 'yaml';
import type { Fault } from '../language/words.ts';
import type { CaseError, Place } from './case-file.ts';

export class Positions {
  readonly counter = new LineCounter();
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  at(offset: number): Place {
    const { line, col } = this.counter.linePos(offset);
    return { path: this.#path, line: Math.max(1, line), column: Math.max(1, col) };
  }

  error(offset: number, text: string, hint?: string): CaseError {
    return { ...this.at(offset), text, ...(hint !== undefined && { hint }) };
  }

  fault(offset: number, { fault, hint, at }: Fault): CaseError {
    return this.error(offset + at, fault, hint);
  }
}
