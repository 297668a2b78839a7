/** The kept packets of all points, in order of time, as they were at one moment. */
import type { Frame } from '../capture/frame.ts';
import { PacketIndex, type PacketList, type Piece } from './packet-index.ts';
import type { Segment, Window } from './window.ts';

export interface FeedSource {
  /** Name of the point: `host:eth0`. */
  readonly name: string;
  readonly window: Window;
}

/** Which packets are asked for. */
export interface PacketChoice {
  /** The same key asks for the same: packets that were looked at aren't looked at again. */
  readonly key: string;
  /** What is asked for, for people: plain text, fit for a terminal. */
  readonly label: string;
  readonly test: (frame: Frame) => boolean;
}

/** Packets as they were kept at one moment: that stays so, however the windows move on. */
export interface PacketsKept {
  /** All, or those of a choice. Packets are read for it only where a choice reads them, each once. */
  list(choice?: PacketChoice): PacketList;
}

/** Moments after which nobody looks at packets any more: what was found until then would keep segments that the windows gave up. */
const FORGOTTEN = 40;

export class PacketFeed {
  readonly #sources: () => readonly FeedSource[];
  readonly #ids = new WeakMap<Segment, number>();
  #count = 0;
  #moment = 0;
  /** The moment at which packets were listed last. */
  #listed = 0;
  #all = new PacketIndex(undefined);
  #chosen: { readonly key: string; readonly index: PacketIndex } | undefined;

  constructor(sources: () => readonly FeedSource[]) {
    this.#sources = sources;
  }

  /** What is kept now; costs a step a segment of 256 KiB, until it is listed. */
  take(): PacketsKept {
    const moment = ++this.#moment;
    if (moment - this.#listed === FORGOTTEN) {
      this.#all = new PacketIndex(undefined);
      this.#chosen = undefined;
    }
    const pieces = this.#sources().flatMap(({ name, window }) => this.#piecesOf(name, window));
    return {
      list: (choice) => {
        this.#listed = this.#moment;
        return this.#indexOf(choice).at(moment, pieces);
      },
    };
  }

  #piecesOf(point: string, { segments, linkType }: Window): Piece[] {
    return segments.map((segment) => ({
      id: this.#idOf(segment),
      point,
      linkType,
      segment,
      used: segment.used,
    }));
  }

  #idOf(segment: Segment): number {
    const known = this.#ids.get(segment);
    if (known !== undefined) return known;
    this.#ids.set(segment, ++this.#count);
    return this.#count;
  }

  /** One choice is remembered: what was chosen before is looked for anew. */
  #indexOf(choice: PacketChoice | undefined): PacketIndex {
    if (!choice) return this.#all;
    if (this.#chosen?.key !== choice.key)
      this.#chosen = { key: choice.key, index: new PacketIndex(choice.test) };
    return this.#chosen.index;
  }
}
