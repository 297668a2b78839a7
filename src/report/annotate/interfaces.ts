/** The interface blocks: one for each capture point, and for each interface of a file that shows a point. */
import { isDeepStrictEqual } from 'node:util';
import { printable } from '../../base/printable.ts';
import type { PacketBlocks } from '../../capture/packet-blocks.ts';
import type { PcapngWriter, WrittenInterface } from '../../capture/pcapng-writer.ts';
import type { CaptureInterface, CaptureSummary } from '../../capture/summary.ts';
import type { Point } from '../../correlate/points.ts';
import type { AnalyzeResult } from '../../diagnose/analyze.ts';

/** LINKTYPE_USER0, for packets of which the file doesn't say what they are. */
const UNKNOWN_LINK = 147;

export interface WrittenPoint {
  /** Number of the interface block. */
  readonly index: number;
  readonly point: Point;
  /** As the capture describes it; several times where its sections do so alike. */
  readonly interfaces: CaptureInterface[];
  readonly described: WrittenInterface;
  packets: number;
  commented: number;
}

export class Interfaces {
  readonly written: WrittenPoint[] = [];
  readonly #known = new Map<string, WrittenPoint>();
  readonly #writer: PcapngWriter;
  readonly #blocks: PacketBlocks;
  readonly #result: AnalyzeResult;
  readonly #aligned: boolean;

  constructor(writer: PcapngWriter, blocks: PacketBlocks, result: AnalyzeResult, aligned: boolean) {
    this.#writer = writer;
    this.#blocks = blocks;
    this.#result = result;
    this.#aligned = aligned;
  }

  /** `own`: the interface of the file, number `number` of those that it describes (below 0: none); its block is written with the first call. */
  of(point: Point, number: number, own: CaptureInterface): WrittenPoint {
    const key = `${point.index} ${number}`;
    const known = this.#known.get(key);
    if (known) return known;
    const summary = this.#result.scene.correlation.summaries[point.input];
    const described = this.#describe(point, own, summary);
    const same = this.written.find(
      (one) => one.point === point && isDeepStrictEqual(one.described, described),
    );
    if (same) {
      same.interfaces.push(own);
      this.#known.set(key, same);
      return same;
    }
    const index = this.#writer.interface(described);
    this.#blocks.addClock({ resolution: described.resolution, offset: described.offset ?? 0 });
    const written = { index, point, interfaces: [own], described, packets: 0, commented: 0 };
    this.#known.set(key, written);
    this.written.push(written);
    return written;
  }

  #describe(
    point: Point,
    own: CaptureInterface,
    summary: CaptureSummary | undefined,
  ): WrittenInterface & { readonly resolution: 6 | 9 } {
    const { linkType, snaplen, filter, offset, options } = own;
    const clock = this.#result.scene.inputs.captures[point.input]?.clock ?? 0;
    const { container } = this.#result.scene.topology.namespaces.get(point.namespace) ?? {};
    const place = [
      `${point.namespace}:${point.interface}`,
      container !== undefined && `container ${container}`,
      point.path,
      own.name !== undefined && own.name !== point.interface && `called ${own.name} there`,
      own.description,
    ];
    const limits = point.limits ?? filter;
    const comments = [
      clock !== 0 && clockText(clock, this.#result, this.#aligned),
      point.by === 'assumed' && `nothing says that it was captured in ${point.namespace}: assumed`,
      point.lost !== undefined && `the capture lost ${point.lost} packets`,
      limits !== undefined && `captured with a filter: ${limits}`,
      summary?.format === 'tcpdump' &&
        "made from tcpdump's text: what the text doesn't tell is zero or missing in these bytes",
      linkType < 0 && 'the file does not say of what link type it is',
    ];
    return {
      linkType: linkType < 0 ? UNKNOWN_LINK : linkType,
      snaplen,
      name: printable(point.interface),
      description: said(place).join(', '),
      ...(limits !== undefined && { filter: printable(limits) }),
      system: summary?.system && printable(summary.system),
      hardware: summary?.hardware && printable(summary.hardware),
      resolution: resolutionOf(own, this.#aligned && clock !== 0),
      offset,
      options,
      comments: said(comments),
    };
  }
}

function said(parts: readonly (string | false | undefined)[]): string[] {
  return parts.filter((part): part is string => typeof part === 'string').map(printable);
}

/** Microseconds stay such: Wireshark shows as many digits as there are. */
function resolutionOf({ resolution = 6 }: CaptureInterface, shifted: boolean): 6 | 9 {
  return resolution <= 6 && !shifted ? 6 : 9;
}

function clockText(clock: number, { scene }: AnalyzeResult, aligned: boolean): string {
  const reference = scene.inputs.clocks?.[0]?.reference ?? 'the first host';
  const ahead = `${Math.abs(clock).toFixed(6)} s ${clock > 0 ? 'ahead of' : 'behind'}`;
  return aligned
    ? `its clock is ${ahead} that of ${reference}; that was taken off these times`
    : `its clock is ${ahead} that of ${reference}: its packets stand where they belong by that clock, with the times that they were captured with`;
}
