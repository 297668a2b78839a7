/** Which bytes of a classic pcap can be a record, by its header and those around it: where one is damaged, the others are found by that. */
import { MOST_APART, MOST_WIRE, type RecordShape } from './columns.ts';
import { MOST_CAPTURED } from './parser.ts';

/** Nothing of the kind; and: more bytes have to be there to tell. */
export const NONE = -1;
export const MORE = -2;
/** Seconds by which records that follow each other may differ. */
const YEAR = 366 * 86400;
/** Records one after the other that are believed: of the time of those before, and of another time; fewer, when the file ends with the last. */
const NEAR = 2;
const FAR = 4;
/** As many, of which some are cut, before anything is known of times. */
const CUT = 5;
/** Bytes behind a record that are looked through for another one. */
const SOON = 1 << 16;

/** Bytes that may be looked through beyond the records themselves: at first, and more for each byte of the file. */
const SPENT_AT_FIRST = 1 << 20;
const SPENT_A_BYTE = 4;

/** Where records are looked for. */
export interface Within {
  readonly from: number;
  /** Of `from` in the file. */
  readonly offset: number;
  readonly until: number;
  /** They must lead there at least. */
  readonly beyond: number;
  readonly end: number;
  /** Nothing comes behind `end`. */
  readonly isAll: boolean;
  /** They must be of the time of those before; they may be cut where no time is known. */
  readonly isNear: boolean;
  readonly mayBeCut: boolean;
}

export class PcapRecords implements RecordShape {
  readonly little: boolean;
  readonly header: number;
  readonly unit: number;
  readonly limit: number;
  /** Files before version 2.4 may have the two lengths the other way round. */
  readonly swapped: 'no' | 'perhaps' | 'yes';
  ahead: number;
  last = NONE;
  /** How many bytes have to be there from `start` or `from` on where `MORE` are needed. */
  wanted = 0;
  /** Epoch seconds of the last record whose time fits that of the one before it; below 0: there was none yet. */
  #trusted = NONE;
  /** Bytes that were looked through beyond the records themselves: of a file that is made for it there are no more than a few for each of its own. */
  #spent = 0;
  readonly #snaplen: number;

  constructor(shape: Omit<RecordShape, 'last'>, snaplen: number, swapped: 'no' | 'perhaps' | 'yes') {
    this.#snaplen = snaplen;
    this.little = shape.little;
    this.header = shape.header;
    this.unit = shape.unit;
    this.limit = shape.limit;
    this.ahead = shape.ahead;
    this.swapped = swapped;
  }

  /** Bytes captured, as the header says. */
  captured(view: DataView, at: number): number {
    const first = view.getUint32(at + 8, this.little);
    if (this.swapped === 'no') return first;
    const second = view.getUint32(at + 12, this.little);
    return this.swapped === 'yes' || first > second ? second : first;
  }

  /** All of the record at `at` is there, and what has to be behind it. */
  isWhole(view: DataView, at: number, end: number): boolean {
    return at + this.header <= end && at + this.header + this.captured(view, at) + this.ahead <= end;
  }

  /** Bytes on the wire. */
  length(view: DataView, at: number): number {
    const second = view.getUint32(at + 12, this.little);
    if (this.swapped === 'no') return second;
    const first = view.getUint32(at + 8, this.little);
    return this.swapped === 'yes' || first > second ? first : second;
  }

  /**
   * The record from `at` to `next` may be damaged: its lengths can't be, or the next one's, or one of the two is of another time than what was
   * before it. One that isn't odd is the last from now on.
   */
  isOdd(view: DataView, at: number, next: number, end: number): boolean {
    if (this.isOfAnotherTime(view, at)) return true;
    const length = this.length(view, at);
    const captured = next - at - this.header;
    if (length > MOST_WIRE || length < captured || captured === 0) return true;
    const seconds = view.getUint32(at, this.little);
    if (next + this.header <= end) {
      if (this.captured(view, next) > this.limit) return true;
      if (isFar(view.getUint32(next, this.little), seconds)) return true;
    }
    this.accept(seconds);
    return false;
  }

  /** Than those before it. */
  isOfAnotherTime(view: DataView, at: number): boolean {
    const seconds = view.getUint32(at, this.little);
    return this.last >= 0 && isFar(seconds, this.last) && isFar(seconds, this.#trusted);
  }

  /** It is a record of that time. */
  accept(seconds: number): void {
    if (this.last < 0 || !isFar(seconds, this.last)) this.#trusted = seconds;
    this.last = seconds;
  }

  /** Where the record at `at` ends, if its header can be one; else `NONE`. */
  behind(view: DataView, at: number): number {
    const captured = this.captured(view, at);
    const length = this.length(view, at);
    if (captured === 0 || captured > this.limit || captured > MOST_CAPTURED) return NONE;
    if (length < captured || length > MOST_WIRE) return NONE;
    if (view.getUint32(at + 4, this.little) * this.unit >= 1e9) return NONE;
    return at + this.header + captured;
  }

  /**
   * Where another record begins instead of the one from `start` to `next`: within it, and leads beyond it, record by record; or soon behind it,
   * where this one isn't of the time of others, has lengths that can't be, and doesn't lead there. `NONE`, `MORE`.
   */
  instead(
    view: DataView,
    {
      start,
      next,
      end,
      offset,
      isAll,
    }: Pick<Within, 'end' | 'offset' | 'isAll'> & { readonly start: number; readonly next: number },
  ): number {
    const isPossible = this.behind(view, start) !== NONE;
    const isStrange = !isPossible && (this.last < 0 || this.isOfAnotherTime(view, start));
    const among = { isNear: isPossible && this.#trusted >= 0, mayBeCut: !isPossible };
    const until = isStrange && this.#mayLook(offset) ? next + SOON : next;
    const from = start + 1;
    const found = this.find(view, { from, offset, until, beyond: next, end, isAll, ...among });
    this.wanted++;
    if (found === NONE) this.#spent += until - next;
    return found >= next && this.#isLedTo(view, start, found) ? NONE : found;
  }

  /** The first place at which records begin, those of the time of others before the rest (a packet may hold another capture); `NONE`, `MORE`. */
  find(view: DataView, within: Within): number {
    const { from, offset, until, end, isAll } = within;
    const isPatient = this.#mayLook(offset);
    const failed = new Set<number>();
    let far = NONE;
    let cut = NONE;
    const last = Math.min(until, end - this.header + 1);
    for (let at = from; at < last; at++) {
      const many = this.#leads(view, at, within, failed);
      if (many === NEAR) return at;
      if (many === FAR && far === NONE) far = at;
      if (many === CUT && cut === NONE) cut = at;
      if (!isPatient && (many === FAR || many === CUT)) return at;
      if (many === MORE) {
        this.wanted -= from;
        return MORE;
      }
    }
    if (last === until || isAll) {
      const found = far === NONE ? cut : far;
      if (found !== NONE) this.#spent += last - found;
      return found;
    }
    this.wanted = until + this.header - from;
    return MORE;
  }

  #mayLook(offset: number): boolean {
    return this.#spent <= SPENT_AT_FIRST + SPENT_A_BYTE * offset;
  }

  /** From the one at `from` on records lead to `to`, by what they say is captured; zeros behind others lead anywhere. */
  #isLedTo(view: DataView, from: number, to: number): boolean {
    for (let at = from; at + this.header <= to; ) {
      const captured = this.captured(view, at);
      at += this.header + captured;
      if (captured === 0 && this.last >= 0) return false;
      if (at === to) return true;
    }
    return false;
  }

  /**
   * Whether records one after the other begin at `from`, enough to believe them, and beyond what they must lead beyond: `NEAR`, `FAR`, `CUT`, `NONE`,
   * `MORE`. `failed`: places that lead nowhere; each is come by once, so that all of them together cost what the bytes do.
   */
  #leads(
    view: DataView,
    from: number,
    { beyond, end, isAll, isNear, mayBeCut }: Within,
    failed: Set<number>,
  ): number {
    const { header, little } = this;
    let at = from;
    let many = 0;
    let enough = FAR;
    let isWhole = true;
    let seconds = this.#trusted;
    for (;;) {
      // One alone is none within another that may be whole, and none when it is cut.
      const least = from < beyond || enough === CUT ? 2 : 1;
      if (isAll && at === end && at >= beyond && many >= least) return enough;
      if (at + header > end) {
        if (isAll) break;
        this.wanted = at + header;
        return MORE;
      }
      if (failed.has(at)) break;
      const behind = this.behind(view, at);
      if (behind === NONE) break;
      const its = view.getUint32(at, little);
      if (many === 0 && seconds >= 0 && !isFar(its, seconds)) enough = NEAR;
      // Four bytes further on than records begin, others seem to be that are cut.
      const captured = behind - at - header;
      isWhole &&= captured === this.#snaplen || captured === this.length(view, at);
      if (enough === FAR && !isWhole) enough = CUT;
      if (enough !== NEAR && (isNear || (enough === CUT && (!mayBeCut || this.#trusted >= 0)))) break;
      if (many > 0 && !isWhole && Math.abs(its - seconds) > YEAR) break;
      seconds = its;
      many++;
      if (at >= beyond && many >= enough) return enough;
      at = behind;
    }
    for (let place = from; many > 0; place = this.behind(view, place), many--) failed.add(place);
    return NONE;
  }
}

function isFar(seconds: number, others: number): boolean {
  return Math.abs(seconds - others) > MOST_APART;
}
