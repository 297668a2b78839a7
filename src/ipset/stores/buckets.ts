/** The elements of a hash by key: those of a dump, which all worlds have in common, and over them what became of some in one. */
import { type Clock, copyOf, type Element, isExpired } from '../element.ts';
import type { Part } from '../record.ts';

type Key = string | number;
/** Most keys have one element, of sets that may have a million. */
type Bucket = Element | readonly Element[];

export class Buckets {
  readonly #keyOf: (parts: readonly Part[]) => Key;
  /** Those of one world, whole: a list without elements stands over a bucket whose elements went. */
  readonly #own = new Map<Key, Bucket>();
  /** Made of a dump, at time 0; nothing in them changes any more. */
  #shared: Buckets | undefined;
  /** Time from which the seconds of the shared ones run. */
  readonly #origin: number;
  /** Keys that went and came again: they stand behind all that stayed. */
  readonly #again = new Set<Key>();
  /** No own element expires before. */
  #ownExpiry = Number.POSITIVE_INFINITY;
  /** How many of the shared ones expired so far, in their order. */
  #expired = 0;
  #inOrder: readonly Element[] | undefined;

  constructor(keyOf: (parts: readonly Part[]) => Key, shared: Buckets | undefined, origin: number) {
    this.#keyOf = keyOf;
    this.#shared = shared;
    this.#origin = origin;
  }

  /** All elements of those parts that may be changed from now on: shared ones are copied. */
  get(parts: readonly Part[]): readonly Element[] {
    return this.#get(this.#keyOf(parts));
  }

  insert(element: Element): void {
    const key = this.#keyOf(element.parts);
    const bucket = this.#get(key);
    if (this.#shared && bucket.length === 0 && this.#own.delete(key)) this.#again.add(key);
    this.#own.set(key, bucket.length === 0 ? element : [...bucket, element]);
    this.expiresAt(element.expires);
  }

  /** One that get() gave. */
  remove(element: Element): void {
    const key = this.#keyOf(element.parts);
    const rest = this.#get(key).filter((each) => each !== element);
    if (rest.length === 0) this.#again.delete(key);
    if (rest.length > 0 || this.#shared?.has(key)) this.#own.set(key, rest);
    else this.#own.delete(key);
  }

  has(key: Key): boolean {
    return this.#own.has(key);
  }

  clear(): void {
    this.#own.clear();
    this.#again.clear();
    this.#shared = undefined;
  }

  /** An own element's time may have become an earlier one. */
  expiresAt(time: number): void {
    this.#ownExpiry = Math.min(this.#ownExpiry, time);
  }

  /** Those that expired, ready to be removed. */
  expired(clock: Clock): readonly Element[] {
    const found: Element[] = [];
    const shared = this.#shared?.inOrder() ?? [];
    for (; this.#expired < shared.length; this.#expired++) {
      const element = shared[this.#expired] as Element;
      if (element.expires + this.#origin > clock.now) break;
      this.#ownExpiry = Number.NEGATIVE_INFINITY;
      this.#get(this.#keyOf(element.parts));
    }
    if (this.#ownExpiry > clock.now) return found;
    this.#ownExpiry = Number.POSITIVE_INFINITY;
    for (const bucket of this.#own.values()) {
      for (const element of listOf(bucket)) {
        if (isExpired(element, clock)) found.push(element);
        else this.expiresAt(element.expires);
      }
    }
    return found;
  }

  /** Those that expire at all, the first one first. */
  inOrder(): readonly Element[] {
    this.#inOrder ??= [...this.#own.values()]
      .flatMap(listOf)
      .filter(({ expires }) => expires !== Number.POSITIVE_INFINITY)
      .toSorted((a, b) => a.expires - b.expires);
    return this.#inOrder;
  }

  /** In the order they came. */
  *elements(): Generator<Element> {
    const shared = this.#shared;
    if (shared) {
      for (const [key, bucket] of shared.#own) {
        if (this.#again.has(key)) continue;
        const own = this.#own.get(key);
        if (own) yield* listOf(own);
        else for (const element of listOf(bucket)) yield copyOf(element, this.#origin);
      }
    }
    for (const [key, bucket] of this.#own) {
      if (!shared?.has(key) || this.#again.has(key)) yield* listOf(bucket);
    }
  }

  #get(key: Key): readonly Element[] {
    const own = this.#own.get(key);
    if (own) return listOf(own);
    const shared = this.#shared ? this.#shared.#own.get(key) : undefined;
    if (!shared) return NONE;
    const copies = listOf(shared).map((element) => copyOf(element, this.#origin));
    this.#own.set(key, copies);
    for (const { expires } of copies) this.expiresAt(expires);
    return copies;
  }
}

const NONE: readonly Element[] = [];

function listOf(bucket: Bucket): readonly Element[] {
  return Array.isArray(bucket) ? bucket : [bucket as Element];
}
