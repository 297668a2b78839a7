/** A classic pcap file with microseconds, written in large pieces. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { writeFrame } from './frame.mjs';

const BLOCK = 1 << 20;
/** The longest record that is written. */
const MOST = 2048;

export class PcapFile {
  constructor(path) {
    this.descriptor = openSync(path, 'w');
    this.bytes = new Uint8Array(BLOCK + MOST);
    this.view = new DataView(this.bytes.buffer);
    this.at = 24;
    this.view.setUint32(0, 0xa1b2c3d4, true);
    this.view.setUint16(4, 2, true);
    this.view.setUint16(6, 4, true);
    this.view.setUint32(16, 262144, true);
    this.view.setUint32(20, 1, true);
  }

  /** @param {number} time microseconds since the epoch */
  add(time, packet, link) {
    const { view, at } = this;
    const end = writeFrame(view, at + 16, packet, link);
    const seconds = Math.floor(time / 1e6);
    view.setUint32(at, seconds, true);
    view.setUint32(at + 4, time - seconds * 1e6, true);
    view.setUint32(at + 8, end - at - 16, true);
    view.setUint32(at + 12, end - at - 16, true);
    this.at = end;
    if (end >= BLOCK) this.flush();
  }

  flush() {
    for (let done = 0; done < this.at; ) done += writeSync(this.descriptor, this.bytes, done, this.at - done);
    this.at = 0;
  }

  close() {
    this.flush();
    closeSync(this.descriptor);
  }
}
