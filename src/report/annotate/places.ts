/** Where each packet was captured: its point, and the interface block that it belongs to. */
import type { Frame } from '../../capture/frame.ts';
import type { CaptureReader } from '../../capture/scan.ts';
import type { CaptureInterface } from '../../capture/summary.ts';
import { isCapture, type Point } from '../../correlate/points.ts';
import type { AnalyzeResult } from '../../diagnose/analyze.ts';
import type { Mac } from '../../net/mac.ts';
import { dissect } from '../../packet/dissect.ts';
import { macOf } from './flags.ts';
import type { Interfaces, WrittenPoint } from './interfaces.ts';
import type { Place } from './stream.ts';

export interface WrittenPlace extends Place {
  readonly point: Point;
  readonly written: WrittenPoint;
  /** Of its device, where a dump tells it. */
  readonly mac: Mac | undefined;
  /** Named inside the packet: what tells points of one capture apart, beside the interface's name. */
  readonly interfaceIndex: number | undefined;
  readonly ownName: string | undefined;
}

const SLL2 = 276;
/** LINKTYPE_* whose packets name no interface. */
const NAMELESS: ReadonlySet<number> = new Set([1, 12, 14, 101, 113, 228, 229]);

/** All points by what packets tell of them; `within`: what is inside that tunnel. */
export class PointsByPlace {
  readonly #points: ReadonlyMap<string, Point>;
  readonly #first: readonly (Point | undefined)[];

  constructor({ scene }: AnalyzeResult) {
    const { points } = scene.correlation;
    this.#points = new Map(points.map((point) => [placeKey(point), point]));
    this.#first = scene.inputs.captures.map((_, input) =>
      points.find((point) => point.input === input && isCapture(point)),
    );
  }

  /** As correlate/point-table.ts finds it. */
  of(place: Pick<Point, 'input' | 'interfaceName' | 'interfaceIndex' | 'within'>): Point | undefined {
    return this.#points.get(placeKey(place));
  }

  first(input: number): Point | undefined {
    return this.#first[input];
  }
}

function placeKey({
  input,
  interfaceName,
  interfaceIndex,
  within,
}: Pick<Point, 'input' | 'interfaceName' | 'interfaceIndex' | 'within'>): string {
  return `${input} ${interfaceName ?? ''} ${interfaceIndex ?? ''} ${within ?? ''}`;
}

/** Those of one capture. */
export class Places {
  readonly #result: AnalyzeResult;
  readonly #input: number;
  readonly #reader: CaptureReader;
  readonly #interfaces: Interfaces;
  readonly #points: PointsByPlace;
  readonly #known: WrittenPlace[] = [];
  #last: WrittenPlace | undefined;

  constructor(
    result: AnalyzeResult,
    input: number,
    reader: CaptureReader,
    interfaces: Interfaces,
    points: PointsByPlace,
  ) {
    this.#result = result;
    this.#input = input;
    this.#reader = reader;
    this.#interfaces = interfaces;
    this.#points = points;
  }

  /** Undefined: the capture has no point. */
  of(frame: Frame): WrittenPlace | undefined {
    const { linkType } = frame;
    let ownName = frame.interfaceName;
    let index: number | undefined;
    if (!NAMELESS.has(linkType)) {
      if (linkType === SLL2 && frame.view && frame.told === undefined && frame.captured >= 20)
        index = frame.view.getUint32((frame.offset ?? 0) + 4);
      else ({ interfaceName: ownName, interfaceIndex: index } = dissect(frame));
    }
    const last = this.#last;
    if (last && isOf(last, frame, ownName, index)) return last;
    const known = this.#known.find((place) => isOf(place, frame, ownName, index));
    this.#last = known ?? this.#make(frame, ownName, index);
    return this.#last;
  }

  #make(frame: Frame, ownName: string | undefined, index: number | undefined): WrittenPlace | undefined {
    const { captureInterface = 0, linkType, interfaceName, optionsLittle = true } = frame;
    const input = this.#input;
    // What wasn't there when the captures were analysed has the file's first point.
    const point =
      this.#points.of({ input, interfaceName: ownName, interfaceIndex: index }) ?? this.#points.first(input);
    if (!point) return undefined;
    const own: CaptureInterface = this.#reader.interfaces[captureInterface] ?? {
      linkType,
      snaplen: 0,
      section: 0,
      packets: 0,
    };
    const written = this.#interfaces.of(point, captureInterface, own);
    const place = {
      ...{ point, written, linkType, interfaceName, captureInterface, little: optionsLittle },
      ...{ mac: macOf(this.#result, point), ownName, interfaceIndex: index },
    };
    this.#known.push(place);
    return place;
  }
}

function isOf(
  place: WrittenPlace,
  { captureInterface = 0, linkType, interfaceName, optionsLittle = true }: Frame,
  ownName: string | undefined,
  index: number | undefined,
): boolean {
  return (
    place.captureInterface === captureInterface &&
    place.interfaceIndex === index &&
    place.linkType === linkType &&
    place.little === optionsLittle &&
    place.interfaceName === interfaceName &&
    place.ownName === ownName
  );
}
