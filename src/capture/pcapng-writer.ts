import { viewOf } from '../base/bytes.ts';
import { BLOCK, OPTION, ORDER_MAGIC } from './pcapng-blocks.ts';
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
}

export interface PcapngWriter {
  /** Describes an interface and gives its number, from 0. */
  interface(description: WrittenInterface): number;
  /** An enhanced packet block; `comments` show up in Wireshark beside the packet. */
  packet(index: number, packet: WrittenPacket, comments?: readonly string[]): void;
}

const NANOSECONDS = 9;
type Option = readonly [code: number, value: Uint8Array];

/** One section of pcapng with time in nanoseconds. Gives the section header at once. */
export function pcapngWriter(sink: Sink, options: PcapngWriterOptions = {}): PcapngWriter {
  const little = options.byteOrder !== 'big';
  let interfaces = 0;

  /** Frames a body of `fixed` bytes, `data` padded to four, and options. */
  function block(
    type: number,
    fixed: number,
    fill: (view: DataView) => void,
    data: Uint8Array,
    tail: Option[],
  ): void {
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
    sink(bytes);
  }

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
  );

  return {
    interface(description) {
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
          [OPTION.ifTsresol, new Uint8Array([NANOSECONDS])],
        ],
      );
      return interfaces++;
    },
    packet(index, packet, comments) {
      const stamp = BigInt(packet.seconds) * 1_000_000_000n + BigInt(packet.nanoseconds);
      block(
        BLOCK.enhanced,
        20,
        (view) => {
          view.setUint32(0, index, little);
          view.setUint32(4, Number((stamp >> 32n) & 0xffffffffn), little);
          view.setUint32(8, Number(stamp & 0xffffffffn), little);
          view.setUint32(12, packet.bytes.length, little);
          view.setUint32(16, packet.length ?? packet.bytes.length, little);
        },
        packet.bytes,
        texts(OPTION.comment, comments),
      );
    },
  };
}

const NOTHING = new Uint8Array();
const MOST_OPTION = 0xffff;

function padded(length: number): number {
  return Math.ceil(length / 4) * 4;
}

function texts(code: number, values: string | readonly string[] | undefined): Option[] {
  const list = typeof values === 'string' ? [values] : (values ?? []);
  return list.map((text) => [code, new TextEncoder().encode(text).subarray(0, MOST_OPTION)]);
}
