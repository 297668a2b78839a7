import { viewOf } from '../base/bytes.ts';
import type { ByteOrder, Sink, WrittenPacket } from './writer.ts';

export interface PcapWriterOptions {
  readonly linkType: number;
  /** Microseconds, as every reader knows them, unless this is set. */
  readonly nanoseconds?: boolean | undefined;
  readonly snaplen?: number | undefined;
  readonly byteOrder?: ByteOrder | undefined;
}

/** Classic pcap 2.4. Gives the file header at once, then a function that writes a record. */
export function pcapWriter(sink: Sink, options: PcapWriterOptions): (packet: WrittenPacket) => void {
  const little = options.byteOrder !== 'big';
  const nano = options.nanoseconds === true;
  const header = new Uint8Array(24);
  const view = viewOf(header);
  view.setUint32(0, nano ? 0xa1b23c4d : 0xa1b2c3d4, little);
  view.setUint16(4, 2, little);
  view.setUint16(6, 4, little);
  view.setUint32(16, options.snaplen ?? 262144, little);
  view.setUint32(20, options.linkType, little);
  sink(header);
  return (packet) => {
    const { bytes } = packet;
    const record = new Uint8Array(16 + bytes.length);
    const fields = viewOf(record);
    fields.setUint32(0, packet.seconds, little);
    fields.setUint32(4, nano ? packet.nanoseconds : Math.floor(packet.nanoseconds / 1000), little);
    fields.setUint32(8, bytes.length, little);
    fields.setUint32(12, packet.length ?? bytes.length, little);
    record.set(bytes, 16);
    sink(record);
  };
}
