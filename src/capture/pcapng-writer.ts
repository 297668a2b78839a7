/** pcapng, one section: draft-ietf-opsawg-pcapng. */
import { viewOf } from '../base/bytes.ts';
import { cut } from './packet-blocks.ts';
import { BLOCK, OPTION, ORDER_MAGIC } from './pcapng-blocks.ts';
import type { PcapngOption } from './pcapng-options.ts';
import { type StampClock, stampOf } from './pcapng-stamp.ts';
import type { ByteOrder, Sink, WrittenPacket } from './writer.ts';

export interface PcapngWriterOptions {
  readonly comments?: readonly string[] | undefined;
  /** What wrote it: shb_userappl. */
  readonly application?: string | undefined;
  readonly byteOrder?: ByteOrder | undefined;
}

export interface WrittenInterface {
  readonly linkType: number;
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly snaplen?: number | undefined;
  /** The capture filter, as it is typed. */
  readonly filter?: string | undefined;
  /** Operating system and hardware of the machine that it is of. */
  readonly system?: string | undefined;
  readonly hardware?: string | undefined;
  readonly comments?: readonly string[] | undefined;
  /** Digits of its times behind the point: 9 when left out. */
  readonly resolution?: 6 | 9 | undefined;
  /** Seconds that readers add to its stamps: if_tsoffset. Times are given to the writer as they really are. */
  readonly offset?: number | undefined;
  /** Options of another file's block, of a little-endian section. */
  readonly options?: readonly PcapngOption[] | undefined;
}

export interface PcapngWriter {
  /** Describes an interface and gives its number, from 0. */
  interface(description: WrittenInterface): number;
  /** An enhanced packet block. `PacketBlocks` writes many, with what is told of them. */
  packet(index: number, packet: WrittenPacket, notes?: { readonly comments: readonly string[] }): void;
  /** An interface statistics block: what its capture lost, at the time of its last packet. */
  statistics(index: number, at: Pick<WrittenPacket, 'seconds' | 'nanoseconds'>, dropped: number): void;
}

type Option = readonly [code: number, value: Uint8Array];
const NANOSECONDS: StampClock = { resolution: 9, offset: 0 };

/** One section of pcapng. Gives the section header at once. */
export function pcapngWriter(sink: Sink, options: PcapngWriterOptions = {}): PcapngWriter {
  const little = options.byteOrder !== 'big';
  const clocks: StampClock[] = [];

  /** Frames a body of `fixed` bytes, `data` padded to four, and options. */
  function block(
    type: number,
    fixed: number,
    fill: (view: DataView) => void,
    data: Uint8Array,
    tail: Option[],
  ): Uint8Array {
    const optionsLength =
      tail.length > 0 ? tail.reduce((sum, [, value]) => sum + 4 + padded(value.length), 4) : 0;
    const total = 12 + fixed + padded(data.length) + optionsLength;
    const bytes = new Uint8Array(total);
    const view = viewOf(bytes);
    view.setUint32(0, type, little);
    view.setUint32(4, total, little);
    fill(new DataView(bytes.buffer, 8, fixed));
    bytes.set(data, 8 + fixed);
    let at = 8 + fixed + padded(data.length);
    for (const [code, value] of tail) {
      view.setUint16(at, code, little);
      view.setUint16(at + 2, value.length, little);
      bytes.set(value, at + 4);
      at += 4 + padded(value.length);
    }
    view.setUint32(total - 4, total, little);
    return bytes;
  }

  function number(bytes: 4 | 8, value: bigint): Uint8Array {
    const made = new Uint8Array(bytes);
    if (bytes === 4) viewOf(made).setUint32(0, Number(value), little);
    else viewOf(made).setBigUint64(0, BigInt.asUintN(64, value), little);
    return made;
  }

  function setStamp(view: DataView, at: number, index: number, { seconds, nanoseconds }: Stamp): void {
    const stamp = stampOf(clocks[index] ?? NANOSECONDS, seconds, nanoseconds);
    view.setUint32(at, Number(stamp >> 32n), little);
    view.setUint32(at + 4, Number(stamp & 0xffffffffn), little);
  }

  sink(
    block(
      BLOCK.section,
      16,
      (view) => {
        view.setUint32(0, ORDER_MAGIC, little);
        view.setUint16(4, 1, little);
        view.setBigInt64(8, -1n, little);
      },
      NOTHING,
      [...texts(OPTION.comment, options.comments), ...texts(OPTION.application, options.application)],
    ),
  );

  return {
    interface(description) {
      const clock = { resolution: description.resolution ?? 9, offset: description.offset ?? 0 };
      const kept = (description.options ?? []).filter(({ code }) => !OWN.has(code));
      const has = (code: number) => kept.some((option) => option.code === code);
      const unless = (code: number, text: string | undefined) => (has(code) ? [] : texts(code, text));
      const filter = description.filter;
      sink(
        block(
          BLOCK.interface,
          8,
          (view) => {
            view.setUint16(0, description.linkType, little);
            view.setUint32(4, description.snaplen ?? 0, little);
          },
          NOTHING,
          [
            ...texts(OPTION.ifName, description.name),
            ...texts(OPTION.ifDescription, description.description),
            [OPTION.ifTsresol, new Uint8Array([clock.resolution])],
            ...(clock.offset === 0 ? [] : [[OPTION.ifTsoffset, number(8, BigInt(clock.offset))] as const]),
            // Its first byte says that it is text.
            ...unless(OPTION.ifFilter, filter === undefined ? undefined : `\0${filter}`),
            ...unless(OPTION.ifSystem, description.system),
            ...unless(OPTION.ifHardware, description.hardware),
            ...kept.map(({ code, value }): Option => [code, value]),
            ...texts(OPTION.comment, description.comments),
          ],
        ),
      );
      return clocks.push(clock) - 1;
    },
    packet(index, packet, notes) {
      sink(
        block(
          BLOCK.enhanced,
          20,
          (view) => {
            view.setUint32(0, index, little);
            setStamp(view, 4, index, packet);
            view.setUint32(12, packet.bytes.length, little);
            view.setUint32(16, packet.length ?? packet.bytes.length, little);
          },
          packet.bytes,
          texts(OPTION.comment, notes?.comments),
        ),
      );
    },
    statistics(index, at, dropped) {
      sink(
        block(
          BLOCK.statistics,
          12,
          (view) => {
            view.setUint32(0, index, little);
            setStamp(view, 4, index, at);
          },
          NOTHING,
          [[OPTION.statisticsDropped, number(8, BigInt(dropped))]],
        ),
      );
    },
  };
}

type Stamp = Pick<WrittenPacket, 'seconds' | 'nanoseconds'>;

/** What the writer says itself. */
const OWN: ReadonlySet<number> = new Set([
  OPTION.ifName,
  OPTION.ifDescription,
  OPTION.ifTsresol,
  OPTION.ifTsoffset,
]);
const NOTHING = new Uint8Array();

function padded(length: number): number {
  return Math.ceil(length / 4) * 4;
}

function texts(code: number, values: string | readonly string[] | undefined): Option[] {
  const list = typeof values === 'string' ? [values] : (values ?? []);
  return list.map((text) => [code, cut(new TextEncoder().encode(text))]);
}
