/** Rules in an order that changes anywhere, in pieces: what is done to one touches its piece alone. */
import type { Rule } from '../../xtables/rule.ts';

/** Entries of a piece; one with twice as many is cut in two. */
const PIECE = 128;

interface Entry {
  readonly rule: Rule;
  /** What the rule is known by, once somebody asks for one by that. */
  key?: string;
}

interface Piece {
  entries: Entry[];
  /** Its place among the pieces. */
  at: number;
}

export class RuleChunks {
  #pieces: Piece[] = [{ entries: [], at: 0 }];
  #length = 0;
  readonly #keyOf: (rule: Rule) => string;
  /** By key the pieces that have rules of it, and how many; undefined until somebody asks. */
  #byKey: Map<string, Map<Piece, number>> | undefined;
  /** Chains that rules jump or go to, and how many do. */
  readonly targets = new Map<string, number>();

  constructor(rules: readonly Rule[], keyOf: (rule: Rule) => string) {
    this.#keyOf = keyOf;
    for (const rule of rules) this.insert(this.#length, rule);
  }

  get length(): number {
    return this.#length;
  }

  rules(): Rule[] {
    return this.#pieces.flatMap(({ entries }) => entries.map(({ rule }) => rule));
  }

  at(place: number): Rule {
    const [piece, index] = this.#find(place);
    return (piece.entries[index] as Entry).rule;
  }

  insert(place: number, rule: Rule): void {
    const [piece, index] = this.#find(place);
    const entry: Entry = { rule };
    piece.entries.splice(index, 0, entry);
    this.#length++;
    count(this.targets, targetOf(rule), 1);
    this.#note(entry, piece, 1);
    if (piece.entries.length >= 2 * PIECE) this.#cut(piece);
  }

  remove(place: number): void {
    const [piece, index] = this.#find(place);
    const [entry] = piece.entries.splice(index, 1) as [Entry];
    this.#length--;
    count(this.targets, targetOf(entry.rule), -1);
    this.#note(entry, piece, -1);
    if (piece.entries.length > 0 || this.#pieces.length === 1) return;
    this.#pieces.splice(piece.at, 1);
    this.#number(piece.at);
  }

  /** The place of the first rule with that key, -1. */
  first(key: string): number {
    if (!this.#byKey) {
      this.#byKey = new Map();
      for (const piece of this.#pieces) for (const entry of piece.entries) this.#note(entry, piece, 1);
    }
    let first: Piece | undefined;
    for (const piece of this.#byKey.get(key)?.keys() ?? []) if (!first || piece.at < first.at) first = piece;
    if (!first) return -1;
    let before = 0;
    for (let at = 0; at < first.at; at++) before += (this.#pieces[at] as Piece).entries.length;
    return before + first.entries.findIndex((entry) => entry.key === key);
  }

  /** The piece that has the place, or to whose end a rule would come there. */
  #find(place: number): readonly [Piece, number] {
    const last = this.#pieces.at(-1) as Piece;
    const behind = this.#length - last.entries.length;
    if (place >= behind) return [last, place - behind];
    let left = place;
    for (const piece of this.#pieces) {
      if (left < piece.entries.length) return [piece, left];
      left -= piece.entries.length;
    }
    return [last, last.entries.length];
  }

  #cut(piece: Piece): void {
    const moved: Piece = { entries: piece.entries.splice(PIECE), at: 0 };
    for (const entry of moved.entries) {
      this.#note(entry, piece, -1);
      this.#note(entry, moved, 1);
    }
    this.#pieces.splice(piece.at + 1, 0, moved);
    this.#number(piece.at + 1);
  }

  #number(from: number): void {
    for (let at = from; at < this.#pieces.length; at++) (this.#pieces[at] as Piece).at = at;
  }

  #note(entry: Entry, piece: Piece, more: 1 | -1): void {
    if (!this.#byKey) return;
    entry.key ??= this.#keyOf(entry.rule);
    const pieces = this.#byKey.get(entry.key) ?? new Map<Piece, number>();
    count(pieces, piece, more);
    if (pieces.size === 0) this.#byKey.delete(entry.key);
    else this.#byKey.set(entry.key, pieces);
  }
}

function targetOf({ target }: Rule): string | undefined {
  return target?.kind === 'jump' || target?.kind === 'goto' ? target.chain : undefined;
}

function count<K>(counts: Map<K, number>, key: K | undefined, more: number): void {
  if (key === undefined) return;
  const now = (counts.get(key) ?? 0) + more;
  if (now === 0) counts.delete(key);
  else counts.set(key, now);
}
